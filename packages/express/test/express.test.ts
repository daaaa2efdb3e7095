import { createRequire } from "node:module";
import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type Session, type UserMeta } from "@usermeta/core";
import { getSession, mount, verifySession } from "@usermeta/express";
import { mintToken, testVerifier } from "@usermeta/testkit";
import express, { type Request, type RequestHandler, type Response } from "express";
import supertest from "supertest";
import { beforeAll, describe, expect, it } from "vitest";

// Not imported, because its types would declare `req.session` for every other file, too.
const expressSession = createRequire(import.meta.url)("express-session") as (options: object) => RequestHandler;

let meta: UserMeta;
let token: string;
beforeAll(async () => {
  meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  token = await mintToken({ sub: "alice" });
});
const as = (test: supertest.Test) => test.set("authorization", `Bearer ${token}`);

describe("the session on the request", () => {
  it("is left to express-session where that keeps one there, and getSession finds ours", async () => {
    const theirs = expressSession({ secret: "test", resave: false, saveUninitialized: false });
    const app = express();
    app.get("/", theirs, verifySession(meta), (req: Request & { session?: { cookie?: unknown } }, res) => {
      res.json([typeof req.session?.cookie, getSession(meta, req).userId]);
    });
    const { body } = await as(supertest(app).get("/"));
    expect(body).toEqual(["object", "alice"]);
  });
  it("is the last guard's, so that an optional one in front of all routes does no harm", async () => {
    const bob = { userId: "bob" } as Session;
    const app = express();
    app.use(verifySession(meta, { sessionRequired: false }));
    app.get("/", verifySession({ guard: () => ({ session: bob }) }), (req, res) => {
      res.json(req.session.userId);
    });
    expect((await supertest(app).get("/")).body).toBe("bob");
    expect((await as(supertest(app).get("/"))).body).toBe("bob");
  });
  it("is not there for a request without credentials", async () => {
    const app = express();
    app.get("/", verifySession(meta, { sessionRequired: false }), (req, res) => {
      res.json(["session" in req, getSession(meta, req) ?? null]);
    });
    expect((await supertest(app).get("/")).body).toEqual([false, null]);
  });
  it("is asked for also where promises are another library's", async () => {
    const refusal = meta.guard({ headers: { authorization: "Bearer junk" } });
    const foreign = Promise.resolve(refusal);
    Object.setPrototypeOf(foreign, Object.create(null, Object.getOwnPropertyDescriptors(Promise.prototype)));
    const app = express();
    app.get("/", verifySession({ guard: () => foreign as never }), (_req, res) => void res.json("let in"));
    expect((await supertest(app).get("/")).status).toBe(401);
  });
  it("cannot be had where no guard ran", () => {
    expect(() => getSession(meta, {})).toThrow(expect.objectContaining({ code: "no_guard" }));
  });
});

describe("the guard", () => {
  it("does not wait when core answers at once", () => {
    let passed = false;
    const guard = verifySession({ guard: () => ({ session: undefined }) }, { sessionRequired: false });
    guard({} as Request, {} as Response, () => {
      passed = true;
    });
    expect(passed).toBe(true);
  });
});

describe("the body", () => {
  const duplicate = '{"unsafe":{"a":1,"a":2}}';
  const patch = (app: express.Express, type: string) =>
    as(supertest(app).patch("/me/metadata")).set("content-type", type).send(duplicate);

  it("is the raw one where the application has kept it while parsing", async () => {
    const app = express();
    app.use(express.json({ verify: (req, _res, raw) => void Object.assign(req, { rawBody: raw }) }));
    app.use(mount(metadataRoutes(meta)));
    const { status, body } = await patch(app, "application/json");
    expect([status, (body as { code: string }).code]).toEqual([400, "duplicate_key"]);
  });
  it.each([
    ["bytes", express.raw({ type: () => true })],
    ["text", express.text({ type: () => true })],
  ])("is the %s where the application has read it as such", async (_, parser) => {
    const app = express();
    app.use(parser, mount(metadataRoutes(meta)));
    const { status, body } = await patch(app, "application/json");
    expect([status, (body as { code: string }).code]).toEqual([400, "duplicate_key"]);
  });
});
