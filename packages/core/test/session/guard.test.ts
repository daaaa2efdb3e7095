import { describe, expect, test } from "vitest";
import { UserMetaError } from "../../src/errors.ts";
import { createUserMeta, memoryStore } from "../../src/index.ts";
import { emptyRecord } from "../../src/metadata/record.ts";
import { createGuard } from "../../src/session/guard.ts";
import { createSession, type SessionVerifier } from "../../src/session/session.ts";
import { refusal } from "./tokens.ts";

const read = async (userId: string) => emptyRecord(userId);

/** Takes `good`, finds `bad` invalid, and falls over at anything else. */
const verifier: SessionVerifier = (token) => {
  if (token === "bad") throw new UserMetaError("invalid_token", "bad");
  if (token !== "good") throw new RangeError("a bug");
  return createSession({ token, userId: "user_1", claims: { scope: "a b:write c" }, expiresAt: 1_900_000_000 });
};
const later: SessionVerifier = async (token) => verifier(token);
const bearer = (token: string) => ({ method: "GET", headers: { authorization: `Bearer ${token}` } });

describe.each([
  ["that answers at once", verifier],
  ["that answers later", later],
])("a guard over a verifier %s", (_, over) => {
  const { verifySession, guard, sessionOf } = createGuard({ read, verifier: over });

  test("lets a good token through with its session", async () => {
    expect(await guard(bearer("good"))).toMatchObject({ session: { userId: "user_1" } });
    expect((await verifySession(bearer("good"))).getUserId()).toBe("user_1");
  });

  test("asks for a session when there is none, without an error attribute", async () => {
    const { response } = await guard({ method: "GET", headers: {} });
    expect(response).toMatchObject({ status: 401, headers: { "www-authenticate": 'Bearer realm="usermeta"' } });
    await refusal(() => verifySession({ headers: {} }), "session_required");
  });

  test("refuses a bad token as a response, or by throwing", async () => {
    const { response } = await guard(bearer("bad"));
    expect(response?.status).toBe(401);
    expect(response?.headers["www-authenticate"]).toContain('error="invalid_token"');
    await refusal(() => verifySession(bearer("bad")), "invalid_token");
  });

  test("lets no token through where no session is required, but no bad one", async () => {
    expect(await guard({ headers: {} }, { sessionRequired: false })).toEqual({ session: undefined });
    expect(await verifySession({ headers: {} }, { sessionRequired: false })).toBeUndefined();
    expect((await guard(bearer("bad"), { sessionRequired: false })).response?.status).toBe(401);
  });

  test("leaves errors that are not ours to the framework", async () => {
    await expect(async () => guard(bearer("bug"))).rejects.toThrow(RangeError);
    await expect(verifySession(bearer("bug"))).rejects.toThrow(RangeError);
  });

  test("remembers the session of each request object", async () => {
    const request = bearer("good");
    const { session } = await guard(request);
    expect(sessionOf(request)).toBe(session);
    await refusal(() => sessionOf(bearer("good")), "no_guard");
  });

  test("remembers that a request came without one", async () => {
    const request = { headers: {} };
    await guard(request, { sessionRequired: false });
    expect(sessionOf(request)).toBeUndefined();
  });

  test("remembers no session that it refused", async () => {
    const request = bearer("good");
    await guard(request, { scopes: ["missing"] });
    await refusal(() => sessionOf(request), "no_guard");
  });
});

test("a guard costs no promise when the verifier needs none", () => {
  const { guard } = createGuard({ read, verifier });
  expect(guard(bearer("good"))).toHaveProperty("session");
  expect(guard(bearer("bad"))).toHaveProperty("response");
});

describe("required scopes", () => {
  const scoped = (scope: unknown) =>
    createGuard({
      read,
      verifier: (token) =>
        createSession({ token, userId: "user_1", claims: { scope: scope as string }, expiresAt: 1_900_000_000 }),
    });

  test.each([
    ["a b:write c", ["b:write"]],
    ["a b:write c", ["c", "a"]],
    ["a", []],
  ])("are met by %j when they are %j", async (scope, scopes) => {
    expect((await scoped(scope).guard(bearer("good"), { scopes })).session).toBeDefined();
  });

  test.each(["b:write2", "b:writ", "B:WRITE", "a\tb:write", "", undefined, ["b:write"], { "b:write": true }, 1])(
    "are not met by %j",
    async (scope) => {
      const { response } = await scoped(scope).guard(bearer("good"), { scopes: ["b:write"] });
      expect(response?.status).toBe(403);
    },
  );

  test("are named in the challenge when one is missing", async () => {
    const { response } = await scoped("a").guard(bearer("good"), { scopes: ["a", "b:write"] });
    expect(response?.headers["www-authenticate"]).toMatch(/error="insufficient_scope".*, scope="a b:write"$/);
  });

  test("that are no scopes are a mistake of the application", async () => {
    await refusal(() => scoped("a").verifySession(bearer("good"), { scopes: ['a" b'] }), "invalid_config");
  });
});

describe("a cookie session", () => {
  const { verifySession } = createGuard({
    read,
    verifier,
    cookie: { name: "__session" },
    origins: ["https://app.test", "capacitor://localhost"],
  });
  const ask = (method: string | undefined, headers: object = {}, cookie = "__session=good") =>
    verifySession({ method, headers: { cookie, ...headers } });

  test.each(["GET", "HEAD", "OPTIONS", undefined])("may read from any site: %s", async (method) => {
    expect((await ask(method, { origin: "https://evil.test", "sec-fetch-site": "cross-site" })).userId).toBe("user_1");
  });

  test.each([
    { origin: "https://app.test" },
    { origin: "https://app.test", "sec-fetch-site": "same-site" },
    { origin: "capacitor://localhost" },
    { "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "none" },
  ])("may write with %j", async (headers) => {
    expect((await ask("PATCH", headers)).userId).toBe("user_1");
  });

  test.each([
    {},
    { origin: "null" },
    { origin: "" },
    { origin: "https://evil.test" },
    { origin: "https://app.test.evil.test" },
    { origin: "https://app.test:8443" },
    { origin: "http://app.test" },
    { origin: "https://APP.test" },
    { origin: "https://app.test/" },
    { origin: "https://evil.test", "sec-fetch-site": "same-origin" },
    { "sec-fetch-site": "same-site" },
    { "sec-fetch-site": "cross-site" },
  ])("may not write with %j", async (headers) => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "get", "FOO"])
      await refusal(() => ask(method, headers), "origin_forbidden");
  });

  test("may not write when it is bad, and that is said first", async () => {
    await refusal(() => ask("PATCH", {}, "__session=bad"), "invalid_token");
  });

  test("is not needed for a write with a header, from whatever site", async () => {
    expect((await ask("PATCH", { authorization: "Bearer good", origin: "https://evil.test" })).userId).toBe("user_1");
  });

  test("does not stand in for a bad header", async () => {
    await refusal(() => ask("GET", { authorization: "Bearer bad" }), "invalid_token");
    await refusal(() => ask("GET", { authorization: "Basic x" }), "session_required");
  });
});

test("an origin is looked at before scopes", async () => {
  const { verifySession } = createGuard({ read, verifier, cookie: { name: "s" } });
  const request = { method: "PUT", headers: { cookie: "s=good" } };
  await refusal(() => verifySession(request, { scopes: ["missing"] }), "origin_forbidden");
});

describe("a guard is not built", () => {
  test("without a verifier", async () => {
    await refusal(() => createGuard({ read, verifier: undefined as unknown as SessionVerifier }), "invalid_config");
  });

  test.each(["", "a b", "a;b", "a=b"])("with the cookie name %j", async (name) => {
    await refusal(() => createGuard({ read, verifier, cookie: { name } }), "invalid_config");
  });

  test.each([
    "",
    "*",
    "null",
    "app.test",
    "https://app.test/",
    "https://app.test:443",
    "https://app.test/x",
    "HTTPS://app.test",
    "capacitor:x",
  ])("with the origin %j", async (origin) => {
    await refusal(() => createGuard({ read, verifier, origins: [origin] }), "invalid_config");
  });
});

describe("A guard with metadata: true", () => {
  const verifier = (token: string) => createSession({ token, userId: token, claims: {}, expiresAt: 4e9 });
  const request = () => ({ headers: { authorization: "Bearer ada" } });

  test("puts the user's live public and unsafe metadata on the session, and never the private", async () => {
    const meta = createUserMeta({ store: memoryStore(), verifier });
    await meta.update("ada", { public: { plan: "pro" }, private: { secret: 1 }, unsafe: { theme: "dark" } });
    const found = { public: { plan: "pro" }, unsafe: { theme: "dark" }, version: 1 };
    const asked = request();
    const session = await meta.verifySession(asked, { metadata: true });
    expect(session.metadata).toEqual(found);
    expect(meta.sessionOf(asked)?.metadata).toEqual(found);
    expect([session.getUserId(), session.token, Object.keys(session)]).toEqual([
      "ada",
      "ada",
      ["userId", "claims", "expiresAt", "metadata"],
    ]);
    await meta.update("ada", { public: { plan: "free" }, private: { secret: 2 } });
    expect((await meta.verifySession(request(), { metadata: true })).metadata).toMatchObject({
      public: { plan: "free" },
    });
    expect((await meta.verifySession(request())).metadata).toBeUndefined();
  });

  test("answers 503 when the store cannot be reached, instead of letting a request pass without", async () => {
    const store = {
      ...memoryStore(),
      read: async () => Promise.reject(new UserMetaError("store_unavailable", "down")),
    };
    const meta = createUserMeta({ store, verifier });
    expect(await meta.guard(request(), { metadata: true })).toMatchObject({ response: { status: 503 } });
  });
});

test("a verifier of the application's own that finds no user id is refused with 401, by whatever way it makes its sessions", async () => {
  const found = { token: "x", userId: " ", claims: {}, expiresAt: 1_900_000_000 };
  for (const own of [() => createSession(found), () => ({ ...found }) as never, () => undefined as never])
    await refusal(() => createGuard({ read, verifier: own }).verifySession(bearer("x")), "invalid_token");
});
