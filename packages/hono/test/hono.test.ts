import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type Routes, type UserMeta } from "@usermeta/core";
import { getSession, mount, type SessionEnv, verifySession } from "@usermeta/hono";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { beforeAll, describe, expect, it } from "vitest";

let meta: UserMeta;
let signedIn: { readonly headers: Record<string, string> };
beforeAll(async () => {
  meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  signedIn = { headers: { authorization: `Bearer ${await mintToken({ sub: "alice" })}` } };
});

describe("the session of the context", () => {
  it("is left to another library where that keeps one there, and getSession finds ours", async () => {
    const app = new Hono<{ Variables: { session: { id: string } } }>();
    app.use(async (c, next) => {
      c.set("session", { id: "theirs" }); // as hono-sessions does
      await next();
    });
    app.get("/", verifySession(meta), (c) => c.json([c.get("session").id, getSession(meta, c).userId]));
    app.get("/twice", verifySession(meta), verifySession(meta), (c) => c.json(c.get("session").id));
    expect(await (await app.request("/", signedIn)).json()).toEqual(["theirs", "alice"]);
    expect(await (await app.request("/twice", signedIn)).json()).toBe("theirs");
  });
  it("is the last guard's, so that an optional one in front of all routes does no harm", async () => {
    const app = new Hono<SessionEnv>();
    const bob = await meta.verifySession({ headers: { authorization: `Bearer ${await mintToken({ sub: "bob" })}` } });
    app.use(verifySession(meta, { sessionRequired: false }));
    app.get("/", verifySession({ guard: () => ({ session: bob }) }), (c) => c.json(c.get("session").userId));
    expect(await (await app.request("/")).json()).toBe("bob");
    expect(await (await app.request("/", signedIn)).json()).toBe("bob");
  });
  it("is not there for a request without credentials", async () => {
    const app = new Hono();
    app.get("/", verifySession(meta, { sessionRequired: false }), (c) =>
      c.json([c.get("session") ?? null, getSession(meta, c) ?? null]),
    );
    expect(await (await app.request("/")).json()).toEqual([null, null]);
  });
  it("cannot be had where no guard ran", async () => {
    const app = new Hono().get("/", (c) => c.json(getSession(meta, c)));
    app.onError((error, c) => c.json(error));
    expect(await (await app.request("/")).json()).toMatchObject({ code: "no_guard" });
  });
});

describe("the target", () => {
  /** A table that answers whatever it is asked for. */
  const echo: Routes = {
    table: [],
    handle: async ({ method, url }) => ({ status: 200, headers: {}, body: `${method} ${url}` }),
  };

  it.each([
    ["/", "/a", "/a"],
    ["/", "//a", "//a"],
    ["/", "/a%0Ab/c?x=/y", "/a%0Ab/c?x=/y"],
    ["/u", "/u", "/"],
    ["/u", "/u?/me/metadata", "/?/me/metadata"],
    ["/u", "/u/a#/me/metadata", "/a#/me/metadata"],
    ["/u", "/u//a%2Fb/", "//a%2Fb/"],
    ["/u", "/%75/%zz/%25?x=%31", "/%zz/%25?x=%31"],
    ["/:tenant/u", "/t%C3%A9/u/a%2Fb", "/a%2Fb"],
  ])("below %s, of %s, is %s", async (base, path, target) => {
    const app = new Hono().route(base, mount(echo));
    const answer = await app.request(new Request(`http://x.test${path}`));
    expect([answer.status, await answer.text()]).toEqual([200, `GET ${target}`]);
  });
  it("is the same where the application routes by host names", async () => {
    const app = new Hono({ getPath: ({ url }) => `/${new URL(url).host}${new URL(url).pathname}` });
    app.route("/x.test/u", mount(echo));
    expect(await (await app.request("http://x.test/u/a%2Fb")).text()).toBe("GET /a%2Fb");
  });
  it("reaches any method, also below a base path and in a nested application", async () => {
    const app = new Hono().basePath("/api").route("/v1", new Hono().route("/u", mount(echo)));
    const answer = await app.request("/api/v1/u/a", { method: "QUERY" });
    expect(await answer.text()).toBe("QUERY /a");
  });
  it("goes on to the application where no table knows it", async () => {
    const app = new Hono().route("/u", mount(metadataRoutes(meta))).get("/u/own", (c) => c.text("own"));
    app.notFound((c) => c.text("theirs", 404));
    expect(await (await app.request("/u/own")).text()).toBe("own");
    expect(await (await app.request("/u/nowhere")).text()).toBe("theirs");
  });
});

describe("the body", () => {
  const duplicate = '{"unsafe":{"a":1,"a":2}}';
  const patch = async (app: Hono) => {
    const headers = { ...signedIn.headers, "content-type": "application/json" };
    const answer = await app.request("/me/metadata", { method: "PATCH", headers, body: duplicate });
    return [answer.status, ((await answer.json()) as { code: string }).code];
  };

  it.each(["json", "text", "arrayBuffer"] as const)("is what Hono keeps where c.req.%s() has read it", async (read) => {
    const app = new Hono();
    app.use(async (c, next) => {
      await c.req[read]();
      await next();
    });
    expect(await patch(app.route("/", mount(metadataRoutes(meta))))).toEqual([400, "duplicate_key"]);
  });
  it("is limited by the application's own middleware, too", async () => {
    const app = new Hono().use(bodyLimit({ maxSize: 10 })).route("/", mount(metadataRoutes(meta)));
    const body = JSON.stringify({ unsafe: { a: 1 } });
    expect((await app.request("/me/metadata", { method: "PATCH", ...signedIn, body })).status).toBe(413);
  });
});
