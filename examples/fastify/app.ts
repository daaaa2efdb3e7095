import { hasClaim, type Routes, type UserMeta, type VerifySessionOptions } from "@usermeta/core";
import { getSession, mount, verifySession } from "@usermeta/fastify";
import Fastify, { type FastifyInstance, type FastifyServerOptions } from "fastify";

/** What `GET /pro` asks of a session: of its claims, of the user's live metadata, and of the token's age. */
const pro = {
  claims: [hasClaim("email_verified", true)],
  requireMetadata: ({ public: { plan } }) => plan === "pro",
  fresh: "token",
} satisfies VerifySessionOptions;

/** What the application is made of. */
export interface AppOptions {
  readonly meta: UserMeta;
  /** The ready-made routes to serve, e.g. `[metadataRoutes(meta), adminRoutes(meta, { authorize })]`. */
  readonly routes: Routes | readonly Routes[];
  /** Where to serve them. @default "/usermeta" */
  readonly prefix?: string;
  /** For Fastify itself. */
  readonly fastify?: FastifyServerOptions;
}

/** An application that keeps `preferences` and the like in its users' private metadata; it does not listen yet. */
export function createApp({ meta, routes, prefix = "/usermeta", fastify = {} }: AppOptions): FastifyInstance {
  const app = Fastify(fastify);
  app.register(mount(routes), { prefix });

  app.get("/preferences", { preHandler: verifySession(meta) }, async (request) => {
    const { preferences } = (await meta.get(getSession(meta, request).getUserId())).private;
    return { preferences };
  });
  app.post("/updateinfo", { preHandler: verifySession(meta) }, async (request) => {
    await meta.update(getSession(meta, request).getUserId(), { private: { newKey: "data" } });
    return { message: "successfully updated user metadata" };
  });
  app.post("/removenotifications", { preHandler: verifySession(meta) }, async (request) => {
    await meta.update(getSession(meta, request).getUserId(), { private: { notifications: null } });
    return { message: "successfully updated user metadata" };
  });
  app.post("/clearinfo", { preHandler: verifySession(meta) }, async (request) => {
    await meta.clear(getSession(meta, request).getUserId(), "private");
    return { success: true };
  });

  app.get("/whoami", { onRequest: verifySession(meta) }, async (request) => ({
    userId: getSession(meta, request).userId,
  }));
  app.get("/pro", { onRequest: verifySession(meta, pro) }, async (request) => ({
    userId: getSession(meta, request).userId,
  }));
  app.get("/optional", { onRequest: verifySession(meta, { sessionRequired: false }) }, async (request) => ({
    userId: getSession(meta, request)?.userId ?? null,
  }));
  return app;
}
