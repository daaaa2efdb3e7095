import Router from "@koa/router";
import { hasClaim, type Routes, type UserMeta, type VerifySessionOptions } from "@usermeta/core";
import { mount, verifySession } from "@usermeta/koa";
import Koa from "koa";

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
}

/** An application that keeps `preferences` and the like in its users' private metadata; it does not listen yet. */
export function createApp({ meta, routes, prefix = "/usermeta" }: AppOptions): Koa {
  const router = new Router();
  router.get("/preferences", verifySession(meta), async (ctx) => {
    const { preferences } = (await meta.get(ctx.session.getUserId())).private;
    ctx.body = { preferences };
  });
  router.post("/updateinfo", verifySession(meta), async (ctx) => {
    await meta.update(ctx.session.getUserId(), { private: { newKey: "data" } });
    ctx.body = { message: "successfully updated user metadata" };
  });
  router.post("/removenotifications", verifySession(meta), async (ctx) => {
    await meta.update(ctx.session.getUserId(), { private: { notifications: null } });
    ctx.body = { message: "successfully updated user metadata" };
  });
  router.post("/clearinfo", verifySession(meta), async (ctx) => {
    await meta.clear(ctx.session.getUserId(), "private");
    ctx.body = { success: true };
  });

  router.get("/whoami", verifySession(meta), (ctx) => {
    ctx.body = { userId: ctx.session.userId };
  });
  router.get("/pro", verifySession(meta, pro), (ctx) => {
    ctx.body = { userId: ctx.session.userId };
  });
  router.get("/optional", verifySession(meta, { sessionRequired: false }), (ctx) => {
    ctx.body = { userId: ctx.session?.userId ?? null };
  });

  const app = new Koa();
  app.use(mount(routes, { prefix }));
  app.use(router.routes());
  return app;
}
