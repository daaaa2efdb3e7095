import { hasClaim, type Routes, type UserMeta, type VerifySessionOptions } from "@usermeta/core";
import { mount, type SessionRequest, verifySession } from "@usermeta/express";
import express, { type Express } from "express";

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
  /** An application that has middleware already. @default express() */
  readonly app?: Express;
}

/** An application that keeps `preferences` and the like in its users' private metadata; it does not listen yet. */
export function createApp({ meta, routes, prefix = "/usermeta", app = express() }: AppOptions): Express {
  app.use(prefix, mount(routes));

  app.get("/preferences", verifySession(meta), async (req: SessionRequest, res) => {
    const { preferences } = (await meta.get(req.session.getUserId())).private;
    res.json({ preferences });
  });
  app.post("/updateinfo", verifySession(meta), async (req: SessionRequest, res) => {
    await meta.update(req.session.getUserId(), { private: { newKey: "data" } });
    res.json({ message: "successfully updated user metadata" });
  });
  app.post("/removenotifications", verifySession(meta), async (req: SessionRequest, res) => {
    await meta.update(req.session.getUserId(), { private: { notifications: null } });
    res.json({ message: "successfully updated user metadata" });
  });
  app.post("/clearinfo", verifySession(meta), async (req: SessionRequest, res) => {
    await meta.clear(req.session.getUserId(), "private");
    res.json({ success: true });
  });

  app.get("/whoami", verifySession(meta), (req, res) => {
    res.json({ userId: req.session.userId });
  });
  app.get("/pro", verifySession(meta, pro), (req, res) => {
    res.json({ userId: req.session.userId });
  });
  app.get("/optional", verifySession(meta, { sessionRequired: false }), (req, res) => {
    res.json({ userId: req.session?.userId ?? null });
  });
  return app;
}
