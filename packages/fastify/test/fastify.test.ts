import { once } from "node:events";
import { connect } from "node:http2";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type Session, type UserMeta } from "@usermeta/core";
import { getSession, mount, verifySession } from "@usermeta/fastify";
import { mintToken, testVerifier } from "@usermeta/testkit";
import Fastify, { type FastifyInstance, type FastifyPluginAsync, type InjectOptions } from "fastify";
import { beforeAll, describe, expect, it } from "vitest";

// Not imported, because their types would declare `request.session` for every other file, too.
const require = createRequire(import.meta.url);
const fastifyCookie = require("@fastify/cookie") as FastifyPluginAsync;
const fastifySession = require("@fastify/session") as FastifyPluginAsync<{ secret: string }>;

let meta: UserMeta;
let token: string;
beforeAll(async () => {
  meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  token = await mintToken({ sub: "alice" });
});
const as = (app: FastifyInstance, { headers, ...request }: InjectOptions) =>
  app.inject({ ...request, headers: { authorization: `Bearer ${token}`, ...headers } });

describe("the session on the request", () => {
  it("is left to @fastify/session where that keeps one there, and getSession finds ours", async () => {
    const app = Fastify();
    app.register(fastifyCookie);
    app.register(fastifySession, { secret: "a secret of thirty-two characters" });
    app.get("/", { preHandler: verifySession(meta) }, async (request) => {
      const { session } = request as { session?: { cookie?: unknown } };
      return [typeof session?.cookie, getSession(meta, request).userId];
    });
    expect((await as(app, { url: "/" })).json()).toEqual(["object", "alice"]);
  });
  it("is the last guard's, so that an optional one in front of all routes does no harm", async () => {
    const bob = { userId: "bob" } as Session;
    const app = Fastify();
    app.addHook("onRequest", verifySession(meta, { sessionRequired: false }));
    app.get("/", { preHandler: verifySession({ guard: () => ({ session: bob }) }) }, async (request) => [
      (request as { session?: Session }).session?.userId,
    ]);
    expect((await app.inject("/")).json()).toEqual(["bob"]);
    expect((await as(app, { url: "/" })).json()).toEqual(["bob"]);
  });
  it("is not there for a request without credentials", async () => {
    const app = Fastify();
    app.get("/", { onRequest: verifySession(meta, { sessionRequired: false }) }, async (request) => [
      "session" in request,
      getSession(meta, request) ?? null,
    ]);
    expect((await app.inject("/")).json()).toEqual([false, null]);
  });
  it("cannot be had where no guard ran", async () => {
    const app = Fastify();
    app.get("/", async (request) => getSession(meta, request));
    expect((await as(app, { url: "/" })).json()).toMatchObject({ statusCode: 500, code: "no_guard" });
  });
});

describe("the guard", () => {
  it("denies before Fastify reads the body, as an onRequest hook", async () => {
    const app = Fastify({ bodyLimit: 1 });
    const handler = async () => "reached";
    app.post("/early", { onRequest: verifySession(meta) }, handler);
    app.post("/late", { preHandler: verifySession(meta) }, handler);
    const post = async (url: string) => (await app.inject({ method: "POST", url, payload: { a: 1 } })).statusCode;
    expect([await post("/early"), await post("/late")]).toEqual([401, 413]);
  });
  it("keeps the headers that hooks before it have set", async () => {
    const app = Fastify();
    app.addHook("onRequest", async (_request, reply) => {
      reply.header("access-control-allow-origin", "https://app.test");
    });
    app.get("/", { preHandler: verifySession(meta) }, async () => "reached");
    const { statusCode, headers } = await app.inject("/");
    expect([statusCode, headers["access-control-allow-origin"]]).toEqual([401, "https://app.test"]);
  });
  it("stands in front of every route of a plugin, and of no other", async () => {
    const app = Fastify();
    app.register(async (members) => {
      members.addHook("onRequest", verifySession(meta));
      members.get("/members", async (request) => getSession(meta, request).userId);
    });
    app.get("/open", async () => "open");
    expect((await app.inject("/members")).statusCode).toBe(401);
    expect((await as(app, { url: "/members" })).body).toBe("alice");
    expect((await app.inject("/open")).body).toBe("open");
  });
});

describe("the mounted routes", () => {
  const patch = { method: "PATCH", url: "/usermeta/me/metadata" } as const;
  const json = { "content-type": "application/json" };
  const mounted = (options = {}): FastifyInstance => {
    const app = Fastify(options);
    app.register(mount(metadataRoutes(meta)), { prefix: "/usermeta" });
    return app;
  };

  it("leave the application's parsers alone, and go without them", async () => {
    const app = mounted();
    app.addContentTypeParser("text/csv", { parseAs: "string" }, (_request, body, done) =>
      done(null, `csv: ${String(body)}`),
    );
    app.post("/echo", async ({ body }) => ({ body }));
    const echo = async (type: string, payload: string) =>
      (await app.inject({ method: "POST", url: "/echo", headers: { "content-type": type }, payload })).json();
    expect(await echo("application/json", '{"a":1}')).toEqual({ body: { a: 1 } });
    expect(await echo("text/csv", "a,b")).toEqual({ body: "csv: a,b" });
    const duplicate = await as(app, { ...patch, headers: json, payload: '{"unsafe":{"a":1,"a":2}}' });
    expect([duplicate.statusCode, duplicate.json()]).toMatchObject([400, { code: "duplicate_key" }]);
    const csv = await as(app, { ...patch, headers: { "content-type": "text/csv" }, payload: "a,b" });
    expect([csv.statusCode, csv.json()]).toMatchObject([415, { code: "unsupported_media_type" }]);
  });
  it("leave what they do not know to the application's own 404, whatever its body", async () => {
    const app = mounted();
    app.setNotFoundHandler(async ({ url }, reply) => reply.code(404).send({ lost: url }));
    for (const type of ["application/json", "text/csv", "nonsense"]) {
      const request = { method: "POST", url: "/usermeta/nowhere", headers: { "content-type": type }, payload: "{" };
      const answer = await as(app, request as InjectOptions);
      expect([answer.statusCode, answer.json()]).toEqual([404, { lost: "/usermeta/nowhere" }]);
    }
    expect((await app.inject("/usermeta")).json()).toEqual({ lost: "/usermeta" });
  });
  it("go by the target as it came, however lenient the application's router is", async () => {
    const lenient = { caseSensitive: false, ignoreTrailingSlash: true, ignoreDuplicateSlashes: true };
    const app = mounted({ routerOptions: lenient });
    const status = async (url: string) => (await as(app, { url })).statusCode;
    expect(await status("/USERMETA/me/metadata")).toBe(200); // the prefix is the application's
    for (const path of ["/ME/metadata", "/me/metadata/", "//me/metadata", "/me//metadata", "/me/%6detadata"])
      expect([path, await status(`/usermeta${path}`)]).toEqual([path, 404]);
  });
  it("can be mounted below parameters, twice, and within other plugins", async () => {
    const app = Fastify();
    app.register(mount(metadataRoutes(meta)), { prefix: "/:tenant/meta" });
    app.register(async (api) => api.register(mount(metadataRoutes(meta)), { prefix: "/usermeta/" }), {
      prefix: "/api",
    });
    for (const url of ["/acme/meta/me/metadata", "/a%2Fb/meta/me/metadata", "/api/usermeta/me/metadata"])
      expect([url, (await as(app, { url })).statusCode]).toEqual([url, 200]);
  });
  it.each(["QUERY", "PROPFIND", "TRACE", "PURGE"])("answer 405 to %s", async (method) => {
    const answer = await as(mounted(), { method: method as "GET", url: patch.url });
    expect([answer.statusCode, answer.headers["allow"]]).toEqual([405, "GET, HEAD, PATCH, PUT, DELETE, OPTIONS"]);
  });
  it.each(["%zz", "%FF", "%ED%A0%80"])("never see a target with %s, which Fastify refuses itself", async (id) => {
    const answer = await as(mounted(), { url: `/usermeta/me/${id}` });
    expect([answer.statusCode, answer.json()]).toMatchObject([400, { code: "FST_ERR_BAD_URL" }]);
  });
  it("run the application's hooks, and hand unexpected errors to its error handler", async () => {
    const broken = { table: [], handle: () => Promise.reject(new Error("boom")) };
    const app = Fastify();
    const seen: string[] = [];
    app.addHook("onRequest", async () => void seen.push("onRequest"));
    app.addHook("onSend", async () => void seen.push("onSend"));
    app.setErrorHandler(async (error: Error, _request, reply) => reply.code(500).send({ handled: error.message }));
    app.register(mount(broken), { prefix: "/broken" });
    app.register(mount(metadataRoutes(meta)));
    expect((await app.inject("/broken/x")).json()).toEqual({ handled: "boom" });
    seen.length = 0;
    expect((await as(app, { url: "/me/metadata" })).statusCode).toBe(200);
    expect(seen).toEqual(["onRequest", "onSend"]);
  });
  it("speak HTTP/2, too", async () => {
    const app = Fastify({ http2: true });
    app.register(mount(metadataRoutes(meta)));
    await app.listen({ port: 0, host: "127.0.0.1" });
    const client = connect(`http://127.0.0.1:${(app.server.address() as AddressInfo).port}`);
    const headers = { ":method": "PATCH", ":path": "/me/metadata", authorization: `Bearer ${token}`, ...json };
    const stream = client.request(headers).end('{"unsafe":{"a":1}}');
    const [answer] = (await once(stream, "response")) as [Record<string, unknown>];
    expect([answer[":status"], answer["content-type"]]).toEqual([200, "application/json"]);
    expect(JSON.parse(await text(stream))).toMatchObject({ userId: "alice", unsafe: { a: 1 } });
    client.close();
    await app.close();
  });
});
