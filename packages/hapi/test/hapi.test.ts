import { once } from "node:events";
import { type IncomingMessage, request as open } from "node:http";
import { json } from "node:stream/consumers";
import Hapi, { type Plugin, type Request, type Server } from "@hapi/hapi";
import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type Session, type UserMeta } from "@usermeta/core";
import { getSession, mount, verifySession } from "@usermeta/hapi";
import { mintToken, testVerifier } from "@usermeta/testkit";
import supertest from "supertest";
import { beforeAll, describe, expect, it } from "vitest";

let meta: UserMeta;
let token: string;
beforeAll(async () => {
  meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  token = await mintToken({ sub: "alice" });
});
const as = (test: supertest.Test) => test.set("authorization", `Bearer ${token}`);
/** A server that is ready, and that other people's plugins are in already. */
async function begin(options: Hapi.ServerOptions = {}, ...plugins: Plugin<void>[]): Promise<Server> {
  const server = Hapi.server({ debug: false, ...options });
  await server.register(plugins);
  return server;
}
const request = async (server: Server) => {
  await server.initialize();
  return supertest(server.listener);
};

describe("the session on the request", () => {
  it("is left to a plugin that keeps one there, and getSession finds ours", async () => {
    const theirs: Plugin<void> = {
      name: "theirs",
      register: (server) => server.decorate("request", "session", () => ({ visits: 1 }), { apply: true }),
    };
    const server = await begin({}, theirs);
    const handler = (req: Request & { session?: unknown }) => [req.session, getSession(meta, req).userId];
    server.route({ method: "GET", path: "/", options: { pre: [{ method: verifySession(meta) }] }, handler });
    const { body } = await as((await request(server)).get("/"));
    expect(body).toEqual([{ visits: 1 }, "alice"]);
  });
  it("is the last guard's, so that an optional one in front does no harm", async () => {
    const bob = { userId: "bob" } as Session;
    const first = { method: verifySession(meta, { sessionRequired: false }) };
    const second = { method: verifySession({ guard: () => ({ session: bob }) }) };
    const server = await begin();
    const handler = (req: Request & { session?: Session }) => [req.session?.userId];
    server.route({ method: "GET", path: "/", options: { pre: [first, second] }, handler });
    const client = await request(server);
    expect((await client.get("/")).body).toEqual(["bob"]);
    expect((await as(client.get("/"))).body).toEqual(["bob"]);
  });
  it("is not there for a request without credentials", async () => {
    const server = await begin();
    const options = { pre: [{ method: verifySession(meta, { sessionRequired: false }) }] };
    server.route({
      method: "GET",
      path: "/",
      options,
      handler: (req) => ["session" in req, getSession(meta, req) ?? null],
    });
    expect((await (await request(server)).get("/")).body).toEqual([false, null]);
  });
  it("cannot be had where no guard ran", async () => {
    const server = await begin();
    let code: unknown;
    server.events.on({ name: "request", channels: "error" }, (_request, { error }) => {
      ({ code } = error as { code?: unknown });
    });
    server.route({ method: "GET", path: "/", handler: (req) => getSession(meta, req).userId });
    expect((await as((await request(server)).get("/"))).status).toBe(500);
    expect(code).toBe("no_guard");
  });
});

describe("the guard", () => {
  it("answers through hapi: the route's CORS headers and onPreResponse are there", async () => {
    const server = await begin();
    server.ext("onPreResponse", ({ response }, h) => {
      if ("header" in response) response.header("x-seen", "yes");
      return h.continue;
    });
    const options = { cors: { origin: ["https://app.test"] }, pre: [{ method: verifySession(meta) }] };
    server.route({ method: "GET", path: "/", options, handler: () => "reached" });
    const { status, headers } = await (await request(server)).get("/").set("origin", "https://app.test");
    expect([status, headers["content-type"]]).toEqual([401, "application/problem+json"]);
    expect(headers).toMatchObject({ "access-control-allow-origin": "https://app.test", "x-seen": "yes" });
  });
  it("stands in front of a route among others, and of no other", async () => {
    const server = await begin();
    const options = { pre: [{ method: () => "one", assign: "one" }, { method: verifySession(meta) }] };
    server.route({ method: "GET", path: "/", options, handler: ({ pre }) => String(pre["one"]) });
    server.route({ method: "GET", path: "/open", handler: () => "open" });
    const client = await request(server);
    expect([(await client.get("/")).status, (await as(client.get("/"))).text]).toEqual([401, "one"]);
    expect((await client.get("/open")).text).toBe("open");
  });
});

describe("the mounted routes", () => {
  const path = "/usermeta/me/metadata";
  const routes = { prefix: "/usermeta" };
  async function mounted(options?: Hapi.ServerOptions): Promise<Server> {
    const server = await begin(options);
    await server.register(mount(metadataRoutes(meta)), { routes });
    return server;
  }

  it("are as they are to a client that takes gzip or ranges, on a server that compresses and caches", async () => {
    const server = await mounted({
      compression: { minBytes: 1 },
      routes: { security: true, cache: { expiresIn: 1000 } },
    });
    const client = await request(server);
    const { status, headers } = await as(client.get(path)).set("accept-encoding", "gzip").set("range", "bytes=0-1");
    expect(status).toBe(200);
    expect(headers).toMatchObject({ vary: "authorization, cookie, origin", "cache-control": "no-store" });
    expect(Object.keys(headers)).not.toContain("accept-ranges");
  });
  it("come before routes that take everything, and leave them the rest", async () => {
    const server = await mounted();
    server.route({ method: "GET", path: "/{any*}", handler: () => "mine" });
    server.route({ method: "*", path: "/{any*}", handler: (_request, h) => h.response("nothing here").code(404) });
    const client = await request(server);
    expect((await as(client.get(path))).body).toMatchObject({ userId: "alice" });
    expect((await as(client.head(path))).headers["content-type"]).toBe("application/json");
    expect((await client.get("/usermeta/x")).text).toBe("mine");
    expect((await client.post("/usermeta/x")).text).toBe("nothing here");
    expect((await client.get("/me/metadata")).text).toBe("mine");
  });
  it("get the target as it came, however hapi would read it", async () => {
    const client = await request(await mounted({ router: { isCaseSensitive: false, stripTrailingSlash: true } }));
    for (const odd of ["/ME/metadata", "/me/metadata/", "//me/metadata", "/me/%6detadata", "/me/metadata/%zz"])
      expect([odd, (await as(client.get(`/usermeta${odd}`))).status]).toEqual([odd, 404]);
  });
  it("can be mounted twice, within other plugins, and for one host", async () => {
    const server = await begin();
    const api: Plugin<void> = {
      name: "api",
      register: (scope) => scope.register(mount(metadataRoutes(meta)), { routes }),
    };
    await server.register(api, { routes: { prefix: "/api" } });
    await server.register(mount(metadataRoutes(meta)), { routes: { prefix: "/hosted", vhost: "members.test" } });
    const client = await request(server);
    expect((await as(client.get(`/api${path}`))).status).toBe(200);
    expect((await as(client.get("/hosted/me/metadata"))).status).toBe(404);
    expect((await as(client.get("/hosted/me/metadata")).set("host", "members.test:80")).status).toBe(200);
  });
  it("let a client that waits for it go on with its body", async () => {
    const server = await mounted({ port: 0, host: "127.0.0.1" });
    await server.start();
    const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", expect: "100-continue" };
    const patch = open({ port: server.info.port, path, method: "PATCH", headers });
    patch.flushHeaders();
    await once(patch, "continue");
    patch.end('{"unsafe":{"a":1}}');
    const [answer] = (await once(patch, "response")) as [IncomingMessage];
    expect([answer.statusCode, await json(answer)]).toMatchObject([200, { unsafe: { a: 1 } }]);
    await server.stop({ timeout: 0 });
  });
  it("need no default authentication, and answer injected requests", async () => {
    const server = await mounted();
    server.auth.scheme("never", () => ({ authenticate: (_request, h) => h.unauthenticated(new Error("no")) }));
    server.auth.strategy("never", "never");
    server.auth.default("never");
    const { statusCode, payload } = await server.inject({ url: path, headers: { authorization: `Bearer ${token}` } });
    expect([statusCode, JSON.parse(payload)]).toMatchObject([200, { userId: "alice" }]);
  });
  it("hand unexpected errors to hapi, and tell it when they have answered", async () => {
    const server = await mounted();
    const answered: string[] = [];
    server.events.on("response", (req) => answered.push(`${req.path} ${req.raw.res.statusCode}`));
    const broken = { table: [], handle: () => Promise.reject(new Error("boom")) };
    await server.register(mount(broken), { routes: { prefix: "/broken" } });
    const client = await request(server);
    expect((await client.get("/broken/x")).body).toMatchObject({ statusCode: 500, error: "Internal Server Error" });
    expect((await as(client.get(path))).status).toBe(200);
    expect(answered).toEqual(["/broken/x 500", `${path} 200`]);
  });
});
