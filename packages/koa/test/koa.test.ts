import { createRequire } from "node:module";
import { buffer } from "node:stream/consumers";
import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type Session, type UserMeta } from "@usermeta/core";
import { getSession, mount, verifySession } from "@usermeta/koa";
import { mintToken, testVerifier } from "@usermeta/testkit";
import Koa, { type Middleware } from "koa";
import supertest from "supertest";
import { beforeAll, describe, expect, it } from "vitest";

// Not imported, because koa-session's types would declare `ctx.session` for every other file, too.
const koaSession = createRequire(import.meta.url)("koa-session") as { createSession(app: Koa): Middleware };

let meta: UserMeta;
let token: string;
beforeAll(async () => {
  meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  token = await mintToken({ sub: "alice" });
});
const as = (test: supertest.Test) => test.set("authorization", `Bearer ${token}`);
const request = (app: Koa) => supertest(app.callback());

describe("the session on the context", () => {
  it("is left to koa-session where that keeps one there, and getSession finds ours", async () => {
    const app = new Koa();
    app.keys = ["a key"];
    app.use(koaSession.createSession(app));
    app.use(verifySession(meta) as Middleware);
    app.use((ctx) => {
      const theirs = ctx["session"] as { isNew?: boolean; visits?: number };
      theirs.visits = 1;
      ctx.body = [theirs.isNew, getSession(meta, ctx).userId];
    });
    const { body, headers } = await as(request(app).get("/"));
    expect([body, String(headers["set-cookie"])]).toEqual([[true, "alice"], expect.stringContaining("koa.sess=")]);
  });
  it("is the last guard's, so that an optional one in front of everything does no harm", async () => {
    const bob = { userId: "bob" } as Session;
    const app = new Koa();
    app
      .use(verifySession(meta, { sessionRequired: false }))
      .use(verifySession({ guard: () => ({ session: bob }) }))
      .use((ctx) => {
        ctx.body = [ctx.session.userId];
      });
    expect((await request(app).get("/")).body).toEqual(["bob"]);
    expect((await as(request(app).get("/"))).body).toEqual(["bob"]);
  });
  it("is not there for a request without credentials", async () => {
    const app = new Koa();
    app.use(verifySession(meta, { sessionRequired: false })).use((ctx) => {
      ctx.body = ["session" in ctx, getSession(meta, ctx) ?? null];
    });
    expect((await request(app).get("/")).body).toEqual([false, null]);
  });
  it("cannot be had where no guard ran", () => {
    const { req } = new Koa().createContext({} as never, {} as never);
    expect(() => getSession(meta, { req })).toThrow(expect.objectContaining({ code: "no_guard" }));
  });
});

describe("the guard", () => {
  it("answers by the context, so that middleware in front sees and completes the answer", async () => {
    const app = new Koa();
    const seen: unknown[] = [];
    app.use(async (ctx, next) => {
      ctx.set("access-control-allow-origin", "https://app.test");
      await next();
      seen.push(ctx.status, typeof ctx.body);
      ctx.set("x-response-time", "1ms");
    });
    app.use(verifySession(meta));
    const { status, headers } = await request(app).get("/");
    expect([status, seen]).toEqual([401, [401, "string"]]);
    expect(headers).toMatchObject({ "access-control-allow-origin": "https://app.test", "x-response-time": "1ms" });
  });
});

describe("the mounted routes", () => {
  const duplicate = '{"unsafe":{"a":1,"a":2}}';
  const patch = (app: Koa) =>
    as(request(app).patch("/me/metadata")).set("content-type", "application/json").send(duplicate);
  /** What body parsers do. */
  const parser = (keepsRaw: boolean): Middleware => {
    return async (ctx, next) => {
      const raw = await buffer(ctx.req);
      const body: unknown = JSON.parse(raw.toString());
      Object.assign(ctx.request, { body, ...(keepsRaw && { rawBody: raw.toString() }) });
      return next();
    };
  };

  it("take the body as it came where a parser has kept it", async () => {
    const app = new Koa();
    app.use(parser(true));
    app.use(mount(metadataRoutes(meta)));
    const { status, body } = await patch(app);
    expect([status, body]).toMatchObject([400, { code: "duplicate_key" }]);
  });
  it("take the parsed value where nothing else is left", async () => {
    const app = new Koa();
    app.use(parser(false));
    app.use(mount(metadataRoutes(meta)));
    const { status, body } = await patch(app);
    expect([status, body]).toMatchObject([200, { unsafe: { a: 2 } }]);
  });
  it.each(["/usermeta", "/usermeta/"])("are served below the prefix %s, and nowhere else", async (prefix) => {
    const app = new Koa();
    app.use(mount(metadataRoutes(meta), { prefix }));
    app.use((ctx) => {
      ctx.body = "mine";
    });
    const text = async (path: string) => (await as(request(app).get(path))).text;
    expect(await text("/usermeta/me/metadata")).toContain("alice");
    for (const path of ["/me/metadata", "/usermetame/metadata", "/usermeta", "/USERMETA/me/metadata", "/x/usermeta"])
      expect([path, await text(path)]).toEqual([path, "mine"]);
  });
  it("hand unexpected errors to the application", async () => {
    const app = new Koa();
    const errors: unknown[] = [];
    app.on("error", (error: Error) => errors.push(error.message));
    app.use(mount({ table: [], handle: () => Promise.reject(new Error("boom")) }));
    const { status, text } = await request(app).get("/x");
    expect([status, text, errors]).toEqual([500, "Internal Server Error", ["boom"]]);
  });
});
