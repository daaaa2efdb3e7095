import type { Session } from "@usermeta/core";

// `import "@usermeta/hapi/global"` once, in applications where nobody else declares `request.session`.
declare module "@hapi/hapi" {
  interface Request {
    /** Set by `verifySession` of `@usermeta/hapi`; without it, and without a session, it is not there. */
    readonly session: Session;
  }
}
