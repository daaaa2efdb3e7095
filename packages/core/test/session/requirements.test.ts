import { describe, expect, test } from "vitest";
import {
  createUserMeta,
  hasClaim,
  includes,
  jwtVerifier,
  memoryStore,
  type VerifySessionOptions,
} from "../../src/index.ts";
import { audience, issuer, keySet, mint, now, refusal } from "./tokens.ts";

const verifier = jwtVerifier({ issuer, audience, jwks: keySet, clock: () => now * 1000 });
const clock = { time: now * 1000 };
const create = (cache?: { seconds: number }) =>
  createUserMeta({ store: memoryStore(), verifier, clock: () => clock.time, ...(cache && { cache }) });
const bearer = (claims: object = {}) => ({ headers: { authorization: `Bearer ${mint({ claims })}` } });

describe("required claims", () => {
  const meta = create();
  const claims = {
    email_verified: true,
    roles: ["admin", "editor"],
    realm_access: { roles: ["offline"] },
    empty: null,
  };
  const passes = (...requirements: NonNullable<VerifySessionOptions["claims"]>) =>
    meta.verifySession(bearer(claims), { claims: requirements });

  test.each([
    ["a claim that is there", [hasClaim("email_verified")]],
    ["a claim of that value", [hasClaim("email_verified", true)]],
    ["a list that holds the value", [includes("roles", "admin")]],
    ["a list that holds all values", [includes("roles", "editor", "admin")]],
    ["a claim within others", [includes(["realm_access", "roles"], "offline")]],
    ["a predicate", [(given: object) => "roles" in given]],
    ["a promise of a predicate", [async () => true, hasClaim("sub")]],
  ])("let pass %s", async (_, requirements) => {
    expect((await passes(...requirements)).userId).toBe("user_1");
  });

  test.each([
    ["a claim that is missing", [hasClaim("missing")]],
    ["null, which is nothing", [hasClaim("empty")]],
    ["a claim of another value", [hasClaim("email_verified", "true")]],
    ["a list without the value", [includes("roles", "owner")]],
    ["a list without one of the values", [includes("roles", "admin", "owner")]],
    ["what is no list", [includes("sub", "user_1")]],
    ["a name that every object has", [hasClaim("constructor")]],
    ["a predicate that says no", [() => true, () => false]],
    ["a promise that says no", [async () => false]],
    ["a predicate that only looks like yes", [(() => "yes") as never]],
    ["a predicate that forgets to answer", [(() => undefined) as never]],
  ])("refuse %s with 403", async (_, requirements) => {
    const error = await refusal(() => passes(...requirements), "requirement_failed");
    expect(error.status).toBe(403);
  });

  test("leave what a predicate throws to the framework", async () => {
    const failing = () => Promise.reject(new RangeError("directory down"));
    await expect(passes(failing)).rejects.toThrow(RangeError);
  });

  test.each([
    [{ claims: hasClaim("x") }],
    [{ claims: ["x"] }],
    [{ requireMetadata: true }],
    [{ requireMetadata: null }],
  ])("are checked when the guard is made: %o", async (options) => {
    await refusal(() => meta.verifySession(bearer(), options as never), "invalid_config");
  });

  test.each([[""], [[]], [[1]]])("cannot be about the claim %o", async (path) => {
    await refusal(() => hasClaim(path as never), "invalid_config");
  });
});

describe("required metadata", () => {
  test("is looked at as it is now, whatever the token says", async () => {
    const meta = create();
    const pro = { requireMetadata: ({ public: seen }) => seen["plan"] === "pro" } satisfies VerifySessionOptions;
    await refusal(() => meta.verifySession(bearer({ plan: "pro" }), pro), "requirement_failed");
    await meta.update("user_1", { public: { plan: "pro" } });
    expect((await meta.verifySession(bearer(), pro)).userId).toBe("user_1");
    await meta.update("user_1", { public: { plan: null } });
    await refusal(() => meta.verifySession(bearer(), pro), "requirement_failed");
  });

  test("shows public and private, and not what users write", async () => {
    const meta = create();
    await meta.update("user_1", { public: { a: 1 }, private: { b: 2 }, unsafe: { admin: true } });
    let seen: object = {};
    const look = (given: object): boolean => {
      seen = given;
      return true;
    };
    await meta.verifySession(bearer(), { requireMetadata: look });
    expect(seen).toEqual({ public: { a: 1 }, private: { b: 2 } });
  });

  test("shows what users write to whoever says so", async () => {
    const meta = create();
    await meta.update("user_1", { unsafe: { beta: true } });
    const options = {
      requireMetadata: { allowUntrusted: true, check: ({ unsafe }) => unsafe["beta"] === true },
    } satisfies VerifySessionOptions;
    expect((await meta.verifySession(bearer(), options)).metadata).toBeUndefined();
  });

  test("costs one read together with metadata and freshness", async () => {
    const store = memoryStore();
    let reads = 0;
    const counting = { ...store, read: (ids: readonly string[]) => store.read(ids).finally(() => reads++) };
    const meta = createUserMeta({ store: counting, verifier });
    await meta.verifySession(bearer({ mv: "0" }), { requireMetadata: () => true, metadata: true, fresh: "token" });
    expect(reads).toBe(1);
  });
});

describe("a fresh token", () => {
  const options = { fresh: "token" } as const;
  const mvOf = async (meta: ReturnType<typeof create>) => {
    const { metadata, version } = await meta
      .verifySession(bearer(), { metadata: true })
      .then(async (session) => ({ metadata: session.metadata, version: (await meta.get("user_1")).etag }));
    return `${version.slice(1, 17)}.${metadata?.version}`;
  };

  test("says by mv what it was made from", async () => {
    const meta = create();
    await meta.verifySession(bearer({ mv: "0" }), options);
    await meta.update("user_1", { public: { plan: "pro" } });
    const mv = await mvOf(meta);
    await meta.verifySession(bearer({ mv }), options);
    await refusal(() => meta.verifySession(bearer({ mv: "0" }), options), "token_stale");
    await meta.update("user_1", { unsafe: { theme: "dark" } });
    await refusal(() => meta.verifySession(bearer({ mv }), options), "token_stale");
  });

  test("stays fresh when only private metadata changes", async () => {
    const meta = create();
    await meta.update("user_1", { public: { plan: "pro" } });
    const mv = await mvOf(meta);
    await meta.update("user_1", { private: { credits: 1 } });
    expect((await meta.verifySession(bearer({ mv }), options)).userId).toBe("user_1");
  });

  test("is stale once the user was erased, and written again", async () => {
    const meta = create();
    await meta.update("user_1", { public: { plan: "pro" } });
    const mv = await mvOf(meta);
    await meta.erase("user_1");
    await refusal(() => meta.verifySession(bearer({ mv }), options), "token_stale");
    await meta.update("user_1", { public: { plan: "pro" } });
    await refusal(() => meta.verifySession(bearer({ mv }), options), "token_stale");
  });

  test("of another issuer is as old as its iat", async () => {
    const meta = create();
    clock.time = (now - 10) * 1000 + 500;
    await meta.update("user_1", { public: { plan: "pro" } });
    clock.time = now * 1000;
    await meta.verifySession(bearer({ iat: now - 9 }), options);
    await refusal(() => meta.verifySession(bearer({ iat: now - 10 }), options), "token_stale");
    await refusal(() => meta.verifySession(bearer({ iat: undefined }), options), "token_stale");
  });

  test("is not refused by a cached record that is behind it", async () => {
    const store = memoryStore();
    const here = createUserMeta({ store, verifier, cache: { seconds: 60 } });
    const there = createUserMeta({ store, verifier });
    await there.update("user_1", { public: { plan: "free" } });
    await here.get("user_1");
    await there.update("user_1", { public: { plan: "pro" } });
    const { etag } = await there.get("user_1");
    expect((await here.verifySession(bearer({ mv: etag.slice(1, -1) }), options)).userId).toBe("user_1");
  });
});
