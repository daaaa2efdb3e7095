import { describe, expect, it } from "vitest";
import {
  adminKey,
  adminRoutes,
  createSession,
  createUserMeta,
  type HttpRequest,
  memoryStore,
  metadataRoutes,
  type Routes,
} from "../../src/index.ts";

const key = "an admin key of at least 32 characters".replaceAll(" ", "-");
const sessionOf = (userId: string) => createSession({ token: "t", userId, claims: {}, expiresAt: 4e9 });
const open = () => createUserMeta({ store: memoryStore(), verifier: (token) => sessionOf(token) });
const call = async (routes: Routes, request: Partial<HttpRequest> & { url: string }) => {
  const { status, body } = (await routes.handle({ method: "GET", headers: {}, ...request })) ?? {
    status: 0,
    body: "{}",
  };
  return [status, (JSON.parse((body as string) || "{}") as { code?: string }).code];
};

describe("Admin routes by a predicate on the session", () => {
  const withVerdict = (verdict: unknown) => adminRoutes(open(), { authorize: () => verdict as false });
  const url = "/admin/users/bob/metadata";
  const headers = { authorization: "Bearer bob", "content-type": "application/json" };

  it.each([false, undefined, null, 0, "", Number.NaN])("refuse everybody for %j", async (verdict) => {
    expect(await call(withVerdict(verdict), { url, headers })).toEqual([403, "admin_forbidden"]);
  });
  it.each([true, "bob", {}, [], { actor: 5 }, { actor: "" }])(
    "let nobody in for %j, which names no actor",
    async (verdict) => {
      expect(await call(withVerdict(verdict), { url, headers })).toEqual([500, "invalid_config"]);
      const patch = { url, headers, method: "PATCH", body: '{"private":{"a":1}}' };
      expect(await call(withVerdict(verdict), patch)).toEqual([500, "invalid_config"]);
    },
  );
  it("let in whom it names", async () => {
    expect(await call(withVerdict({ actor: "ada" }), { url, headers })).toEqual([200, undefined]);
  });
});

describe("Admin routes by key", () => {
  const routes = () => adminRoutes(open(), { authorize: adminKey({ old: `${key}-old`, now: key }) });
  const headers = { authorization: `Bearer ${key}` };

  it("refuse two Authorization lines, whichever comes first", async () => {
    const rawHeaders = ["Authorization", `Bearer ${key}`, "Authorization", "Bearer x"];
    expect(await call(routes(), { url: "/admin/users", headers, rawHeaders })).toEqual([400, "invalid_request"]);
  });
  it("refuse preconditions on an erasure, which is for whatever is there", async () => {
    const request = { url: "/admin/users/bob", method: "DELETE" };
    expect(await call(routes(), { ...request, headers: { ...headers, "if-match": '"x"' } })).toEqual([
      400,
      "invalid_request",
    ]);
    expect(await call(routes(), { ...request, headers: { ...headers, "if-match": "x" } })).toEqual([
      400,
      "invalid_request",
    ]);
    expect(await call(routes(), { ...request, headers })).toEqual([204, undefined]);
  });
  it.each(["short", "", undefined, `${key}\n`, "ü".repeat(40), " ".repeat(40)])(
    "do not start with the key %j",
    (bad) => {
      expect(() => adminKey({ ops: bad })).toThrow(expect.objectContaining({ code: "invalid_config" }));
    },
  );
});

describe("Routes behind a body parser", () => {
  it("hold a parsed body to the same size", async () => {
    const headers = { authorization: "Bearer bob", "content-type": "application/json" };
    const body = { unsafe: { s: "x".repeat(70_000) } };
    const request = { url: "/me/metadata", method: "PATCH", headers, body };
    expect(await call(metadataRoutes(open()), request)).toEqual([413, "body_too_large"]);
  });
});

describe("A check that does not exist", () => {
  it.each([{ scope: ["x"] }, { scopes: "x" }, { scopes: ["a b"] }, { claims: {} }])(
    "%j lets nobody pass",
    async (options) => {
      const meta = open();
      expect(() => meta.guard({ headers: {} }, options as object)).not.toThrow();
      expect(await meta.guard({ headers: { authorization: "Bearer bob" } }, options as object)).toMatchObject({
        response: { status: 500 },
      });
    },
  );
  it("is refused by the routes at the start", () => {
    const code = expect.objectContaining({ code: "invalid_config" });
    expect(() => metadataRoutes(open(), { scope: ["x"] } as object)).toThrow(code);
    expect(() => adminRoutes(open(), { authorize: adminKey({ a: key }), admins: [] } as never)).toThrow(code);
    expect(() => adminRoutes(open(), undefined as never)).toThrow(code);
  });
});

describe("A verifier of the application's own", () => {
  it.each([undefined, null, {}, { userId: "" }, { userId: {} }])("that finds %j lets nobody pass", async (session) => {
    const meta = createUserMeta({ store: memoryStore(), verifier: async () => session as never });
    expect(await meta.guard({ headers: { authorization: "Bearer x" } })).toMatchObject({ response: { status: 401 } });
  });
});
