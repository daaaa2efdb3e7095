import { fileURLToPath } from "node:url";
import { consoleRoutes } from "@usermeta/console";
import { adminRoutes, createUserMeta, jwtVerifier, metadataRoutes, type Session, type UserMeta } from "@usermeta/core";
import { verifySession } from "@usermeta/express";
import express, { type Express, type RequestHandler } from "express";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { openStore } from "usermeta";
import { createApp } from "./app.ts";
import { readScript } from "./bundle.ts";
import { type DemoUser, users } from "./users.ts";

/** The demo: an application with a page of its own, a sign-in and some data. */
export interface Demo {
  readonly app: Express;
  readonly meta: UserMeta;
  /** A session token, as the sign-in puts it into the cookie. */
  readonly mint: (user: DemoUser) => Promise<string>;
}

const issuer = "https://demo.usermeta.example/";
const audience = "usermeta-demo";
const cookie = "usermeta-demo";
const hours = 12;

/** Opens the store and builds the application for the port it will be served on. */
export async function createDemo(store: string, port: number): Promise<Demo> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const meta = createUserMeta({
    store: await openStore(store, { indexes: ["public.plan"] }),
    verifier: jwtVerifier({ issuer, audience, algorithms: ["ES256"], keys: [await exportJWK(publicKey)] }),
    cookie: { name: cookie },
    origins: [`http://127.0.0.1:${port}`, `http://localhost:${port}`],
  });
  await seed(meta);

  const mint = ({ userId, role }: DemoUser): Promise<string> =>
    new SignJWT({ role })
      .setProtectedHeader({ alg: "ES256" })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(userId)
      .setIssuedAt()
      .setExpirationTime(`${hours}h`)
      .sign(privateKey);

  const authorize = ({ userId, claims }: Session<unknown>) => claims["role"] === "admin" && { actor: `user:${userId}` };
  const routes = [metadataRoutes(meta), adminRoutes(meta, { authorize }), consoleRoutes(meta, { authorize })];
  const app = express().disable("x-powered-by").disable("etag"); // ETags are for records here
  app.use(onThisMachineOnly(port));
  createApp({ meta, routes, app });
  signIn(app, mint);
  app.get("/activity", verifySession(meta), async (req, res) => {
    res.json({ changes: await visibleChanges(meta, req.session.userId) });
  });
  app.get("/page.js", async (_req, res) => {
    harden(res);
    res.type("js").send(await readScript());
  });
  app.use(express.static(fileURLToPath(new URL("page", import.meta.url)), { cacheControl: false, setHeaders: harden }));
  return { app, meta, mint };
}

/** Whoever can reach the demo can be anybody in it. The name in the request counts, too: DNS can point any name here. */
function onThisMachineOnly(port: number): RequestHandler {
  return (req, res, next) => {
    if (["127.0.0.1", "localhost", "[::1]"].includes(req.hostname)) next();
    else res.status(403).type("text").send(`The demo answers on this machine only: open http://127.0.0.1:${port}\n`);
  };
}

/** Sign-in as anybody; the session is a cookie that scripts cannot read. */
function signIn(app: Express, mint: Demo["mint"]): void {
  const options = { httpOnly: true, sameSite: "lax", path: "/" } as const;
  app.post("/signin", express.json(), async (req, res) => {
    const user = users.find(({ userId }) => userId === (req.body as { userId?: unknown } | undefined)?.userId);
    if (user === undefined) return void res.status(400).json({ title: "There is no such user", status: 400 });
    res.cookie(cookie, await mint(user), { ...options, maxAge: hours * 3_600_000 }).json(user);
  });
  app.post("/signout", (_req, res) => {
    res.clearCookie(cookie, options).status(204).end();
  });
}

/** What a user may know of their change log: the newest entries, without the private scope. */
async function visibleChanges(meta: UserMeta, userId: string): Promise<object[]> {
  const visible: object[] = [];
  for await (const entry of meta.history(userId)) {
    const changes = entry.changes.filter(({ path }) => !path.startsWith("/private"));
    if (changes.length > 0) visible.push({ ...entry, changes });
    if (visible.length === 50) break;
  }
  return visible;
}

/** Something to look at, on the first start. */
async function seed(meta: UserMeta): Promise<void> {
  const example = { preferences: { theme: "dark" }, notifications: { email: true }, todos: ["use-text-notifs"] };
  const documents = {
    ada: { public: { plan: "pro", badge: "founder" }, private: example, unsafe: { theme: "light" } },
    grace: { public: { plan: "pro", since: 2024 }, private: { ...example, credits: 12 }, unsafe: example },
    alan: { public: { plan: "free" }, private: { ...example, credits: 0 }, unsafe: {} },
  };
  for (const { userId } of users)
    if ((await meta.get(userId)).version === 0)
      await meta.update(userId, documents[userId], { actor: "demo", reason: "first start" });
}

function harden(res: { setHeader(name: string, value: string): unknown }): void {
  const self = "script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'";
  res.setHeader("cache-control", "no-store");
  res.setHeader(
    "content-security-policy",
    `default-src 'none'; ${self}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  );
  res.setHeader("referrer-policy", "no-referrer");
  res.setHeader("x-content-type-options", "nosniff");
}
