import { hasClaim, type Routes, type UserMeta, type VerifySessionOptions } from "@usermeta/core";
import { mount, verifySession } from "@usermeta/hono";
import { Hono } from "hono";

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

/** An application that keeps `preferences` and the like in its users' private metadata. */
export function createApp({ meta, routes, prefix = "/usermeta" }: AppOptions): Hono {
  const app = new Hono();
  app.route(prefix, mount(routes));

  app.get("/preferences", verifySession(meta), async (c) => {
    const { preferences } = (await meta.get(c.get("session").getUserId())).private;
    return c.json({ preferences });
  });
  app.post("/updateinfo", verifySession(meta), async (c) => {
    await meta.update(c.get("session").getUserId(), { private: { newKey: "data" } });
    return c.json({ message: "successfully updated user metadata" });
  });
  app.post("/removenotifications", verifySession(meta), async (c) => {
    await meta.update(c.get("session").getUserId(), { private: { notifications: null } });
    return c.json({ message: "successfully updated user metadata" });
  });
  app.post("/clearinfo", verifySession(meta), async (c) => {
    await meta.clear(c.get("session").getUserId(), "private");
    return c.json({ success: true });
  });

  app.get("/whoami", verifySession(meta), (c) => c.json({ userId: c.get("session").userId }));
  app.get("/pro", verifySession(meta, pro), (c) => c.json({ userId: c.get("session").userId }));
  app.get("/optional", verifySession(meta, { sessionRequired: false }), (c) =>
    c.json({ userId: c.get("session")?.userId ?? null }),
  );
  return app;
}
