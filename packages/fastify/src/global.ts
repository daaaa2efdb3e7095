import type { Session } from "@usermeta/core";

// `import "@usermeta/fastify/global"` once, in applications where nobody else, like @fastify/session, declares it.
declare module "fastify" {
  interface FastifyRequest {
    /** Set by `verifySession` of `@usermeta/fastify`; without it, and without a session, it is not there. */
    readonly session: Session;
  }
}
