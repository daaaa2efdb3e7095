import { inspect } from "node:util";
import { jwtVerifier, type TokenGrant } from "@usermeta/core";
import {
  type ClaimFunction,
  type Claims,
  fixedKeys,
  memoryKeys,
  type SessionIssuerOptions,
  type SigningAlgorithm,
  sessionIssuer,
} from "@usermeta/issuer";
import fc from "fast-check";
import { decodeJwt, decodeProtectedHeader, exportJWK, generateKeyPair, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { audience, claimsOf, issuer, refusal, userOf } from "./samples.ts";

const keys = memoryKeys();
const make = (options: Partial<SessionIssuerOptions> = {}) => sessionIssuer({ keys, issuer, audience, ...options });
const now = Math.floor(Date.now() / 1000);
const clock = (): number => now * 1000 + 999;

/** What stands in the payload of a token for this grant. */
async function payloadOf(options: Partial<SessionIssuerOptions>, grant: Partial<TokenGrant> = {}) {
  const { token, expiresAt } = await make({ clock, ...options }).issue({ user: userOf(), ...grant });
  return { payload: decodeJwt(token), expiresAt };
}

describe("A token", () => {
  it("says who, for whom, when, until when and from which metadata, and nothing else", async () => {
    const { payload, expiresAt } = await payloadOf({}, { user: userOf({ mv: "AbCdEfGhIjk.7" }) });
    const times = { iat: now, exp: now + 60 };
    expect(payload).toEqual({ iss: issuer, aud: audience, sub: "ada", mv: "AbCdEfGhIjk.7", ...times });
    expect(expiresAt).toBe(new Date((now + 60) * 1000).toISOString());
  });

  it("carries the session's id, and every audience", async () => {
    const { payload } = await payloadOf({ audience: ["https://a", "https://b"] }, { sessionId: "sess_1" });
    expect(payload).toMatchObject({ sid: "sess_1", aud: ["https://a", "https://b"] });
  });

  it.for<[lifetime: number | undefined, notAfter: number | undefined, exp: number]>([
    [undefined, undefined, 60],
    [300, undefined, 300],
    [300, 10_000, 300],
    [300, 299.9, 299],
    [86_400, 1, 1],
  ])("with a lifetime of %s of a session with %s seconds left ends after %s", async ([lifetime, left, exp]) => {
    const grant = left === undefined ? {} : { notAfter: now + left };
    const { payload } = await payloadOf(lifetime === undefined ? {} : { lifetime }, grant);
    expect(payload.exp).toBe(now + exp);
  });

  it.for([0.5, 0, -1, -3600, Number.NaN])("is not made for a session that ends in %s seconds", async (left) => {
    expect(await refusal(() => payloadOf({}, { notAfter: now + left }))).toMatch(/^token_expired: /);
  });

  it.for<SigningAlgorithm>(["RS256", "ES256", "EdDSA"])("is verified by jwtVerifier with %s", async (algorithm) => {
    const from = make({ keys: memoryKeys({ algorithm }), claims: { plan: "{{user.public_metadata.plan}}" } });
    const { token } = await from.issue({ user: userOf({ public: { plan: "pro" } }) });
    const jwks = await from.keySet();
    expect(decodeProtectedHeader(token)).toEqual({ typ: "JWT", alg: algorithm, kid: jwks.keys[0]?.["kid"] });
    const verify = jwtVerifier({ issuer, audience, jwks: { keys: jwks.keys as JWK[] } });
    expect(await verify(token)).toMatchObject({ userId: "ada", claims: { plan: "pro" } });
    const [head, body, signature = ""] = token.split(".");
    const forged = `${head}.${body}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    expect(await refusal(() => verify(forged))).toMatch(/^invalid_token/);
  });

  it("is within what a browser keeps in a cookie, with a full budget and RS256", async () => {
    const from = make({ keys: memoryKeys({ algorithm: "RS256" }), claims: () => ({ text: "x".repeat(1189) }) });
    const { token } = await from.issue({ user: userOf({ userId: "u".repeat(64) }), sessionId: "s".repeat(64) });
    expect(token.length).toBeGreaterThan(2000);
    expect(token.length).toBeLessThan(4096 - 100);
  });
});

describe("A claim function", () => {
  const of = (claims: unknown): Promise<string> => refusal(() => payloadOf({ claims: claims as ClaimFunction }));

  it("gets the user and may take its time", async () => {
    const claims: ClaimFunction = async ({ userId, public: { plan }, unsafe, mv }) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      return { who: userId, plan, unsafe, of: mv };
    };
    const user = { public: { plan: "pro" }, unsafe: { theme: "{{user.id}}" }, mv: "x.1" };
    const unsafe = { theme: "{{user.id}}" };
    expect(await claimsOf(make({ claims }), user)).toMatchObject({ who: "ada", plan: "pro", unsafe, of: "x.1" });
  });

  it("leaves out what is undefined", async () => {
    const { payload } = await payloadOf({ claims: () => ({ plan: undefined, org: { role: undefined } }) as never });
    expect(payload["org"]).toEqual({});
    expect(payload).not.toHaveProperty("plan");
  });

  it("cannot let users name reserved claims", async () => {
    const claims: ClaimFunction = ({ unsafe }) => unsafe;
    for (const name of ["sub", "exp", "mv", "act", "cnf"])
      expect(await refusal(() => payloadOf({ claims }, { user: userOf({ unsafe: { [name]: "eve" } }) }))).toBe(
        `invalid_config: the claim \`${name}\` is reserved: the issuer sets it, or nobody does`,
      );
    const unsafe = JSON.parse('{"__proto__":{"sub":"eve"}}');
    expect(await refusal(() => payloadOf({ claims }, { user: userOf({ unsafe }) }))).toMatch(/^invalid_config: .*JSON/);
  });

  const cycle: Record<string, unknown> = {};
  cycle["self"] = [cycle];
  it.for<[what: string, value: unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["an array", []],
    ["a text", "{}"],
    ["NaN", { a: Number.NaN }],
    ["Infinity", { a: [Number.POSITIVE_INFINITY] }],
    ["a bigint", { a: 1n }],
    ["a Date", { a: new Date() }],
    ["a class instance", { a: new (class A {})() }],
    ["a Map", new Map()],
    ["a function", { a: { toJSON: () => "x" } }],
    ["a symbol", { a: Symbol("x") }],
    ["a hole", { a: Object.assign([], { length: 1 }) }],
    ["a lone surrogate", { a: "\ud800" }],
    ["a cycle", cycle],
  ])("is refused %s instead of claims", async ([, value]) => {
    expect(await of(() => value)).toMatch(/^invalid_config: `claims` must be /);
  });

  it("throws what it throws", async () => {
    const failure = new Error("the billing service is away");
    const claims = (): Promise<Claims> => Promise.reject(failure);
    await expect(make({ claims }).issue({ user: userOf() })).rejects.toBe(failure);
  });
});

describe("The budget", () => {
  const claims = { plan: "{{user.public_metadata.plan}}", bio: "{{user.unsafe_metadata.bio}}" };
  const issue = (bio: string, options: Partial<SessionIssuerOptions> = {}): Promise<string> =>
    refusal(() => payloadOf({ claims, ...options }, { user: userOf({ public: { plan: "pro" }, unsafe: { bio } }) }));
  const frame = '{"plan":"pro","bio":""}'.length;

  it("is 1,200 bytes of the custom claims, and names the largest without its value", async () => {
    expect(await issue("x".repeat(1200 - frame))).toBe("nothing thrown");
    expect(await issue("x".repeat(1201 - frame))).toBe(
      `claims_too_large: the custom claims take 1201 bytes of 1200; the largest is \`bio\` with ${1203 - frame}`,
    );
  });

  it.for<[text: string, bytes: number]>([
    ["é", 2],
    ["漢", 3],
    ["😀", 4],
    ['"', 2],
    ["\n", 2],
    ["\u0001", 6],
  ])("counts bytes of UTF-8 of the compact JSON: %j takes %i", async ([text, bytes]) => {
    const budget = frame + 10 * bytes;
    expect(await issue(text.repeat(10), { budget })).toBe("nothing thrown");
    expect(await issue(text.repeat(10), { budget: budget - 1 })).toMatch(/^claims_too_large/);
  });

  it("is the size of the part of the payload that is not the issuer's, for any claims", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: "grapheme" }), async (value, text) => {
        const own = { value, text };
        const size = Buffer.byteLength(JSON.stringify(own));
        const issued = (budget: number): Promise<string> =>
          refusal(() => payloadOf({ claims: () => own as Claims, budget }));
        expect(await issued(size)).toBe("nothing thrown");
        expect(await issued(size - 1)).toMatch(/^claims_too_large/);
      }),
      { numRuns: 200 },
    );
  });

  it("holds for a huge unsafe document too, whose names and values stay out of the error", async () => {
    const unsafe = { [`secret ${"k".repeat(1000)}`]: "v".repeat(2_000_000) };
    const spread: ClaimFunction = ({ unsafe }) => unsafe;
    const message = await refusal(() => payloadOf({ claims: spread }, { user: userOf({ unsafe }) }));
    expect(message).toMatch(
      /^claims_too_large: the custom claims take \d+ bytes of 1200; the largest is a claim with an odd/,
    );
    expect(message).not.toMatch(/secret|kkk|vvv/);
  });

  it("refuses what would be nested more deeply than verifiers read", async () => {
    const nested = (levels: number): never => JSON.parse(`${"[".repeat(levels)}${"]".repeat(levels)}`) as never;
    const from = make({ claims: { all: "{{user.unsafe_metadata.deep}}" } });
    expect(await claimsOf(from, { unsafe: { deep: nested(63) } })).toHaveProperty("all");
    expect(await refusal(() => claimsOf(from, { unsafe: { deep: nested(64) } }))).toBe(
      "claims_too_large: `all` makes a token of more than 64 levels",
    );
  });

  it("is checked at start for what a template takes by itself", async () => {
    expect(await refusal(() => make({ claims: { motto: "x".repeat(1200) } }))).toBe(
      "invalid_config: `claims` takes 1212 bytes for a user without metadata; `budget` allows 1200",
    );
  });
});

describe("sessionIssuer", () => {
  it.for<[options: Record<string, unknown>, message: string]>([
    [{ keys: undefined }, "`keys` must be"],
    [{ keys: Promise.resolve(keys) }, "is an `await` missing?"],
    [{ issuer: "" }, "`issuer` is required"],
    [{ issuer: undefined }, "`issuer` is required"],
    [{ audience: [] }, "`audience` is required"],
    [{ audience: false }, "`audience` is required"],
    [{ audience: [""] }, "`audience` is required"],
    [{ lifetime: 0 }, "`lifetime` must be 1 to 86400 seconds"],
    [{ lifetime: 86_401 }, "`lifetime` must be 1 to 86400 seconds"],
    [{ lifetime: "60" }, "`lifetime` must be 1 to 86400 seconds"],
    [{ lifetime: 1.5 }, "`lifetime` must be 1 to 86400 seconds"],
    [{ budget: 1 }, "`budget` must be 2 to 4096 bytes"],
    [{ budget: 5000 }, "`budget` must be 2 to 4096 bytes"],
    [{ clock: 0 }, "`clock` must be a function"],
    [{ claims: "{{user.id}}" }, "`claims` must be an object"],
    [{ audiences: "x" }, 'sessionIssuer has no option "audiences"'],
  ])("refuses at start: %j", async ([options, message]) => {
    expect(await refusal(() => make(options as Partial<SessionIssuerOptions>))).toMatch(/^invalid_config: /);
    expect(await refusal(() => make(options as Partial<SessionIssuerOptions>))).toContain(message);
  });
});

describe("Fixed keys", () => {
  const pair = async (alg = "ES256"): Promise<{ own: JWK; open: JWK }> => {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    return { own: await exportJWK(privateKey), open: await exportJWK(publicKey) };
  };

  it("sign with the first and publish all, the others without their private half if they like", async () => {
    const [first, second, third] = [await pair("RS256"), await pair("EdDSA"), await pair()];
    const from = make({
      keys: await fixedKeys([{ ...first.own, kid: "one" }, second.own, { ...third.open, kid: "3" }]),
    });
    expect((await from.keySet()).keys.map(({ kid, alg, use }) => [kid, alg, use])).toEqual([
      ["one", "RS256", "sig"],
      [expect.stringMatching(/^[\w-]{43}$/), "EdDSA", "sig"],
      ["3", "ES256", "sig"],
    ]);
    const { token } = await from.issue({ user: userOf() });
    expect(decodeProtectedHeader(token)).toMatchObject({ kid: "one", alg: "RS256" });
  });

  it("show their private halves nowhere", async () => {
    const [first, second] = [await pair("RS256"), await pair()];
    const fixed = await fixedKeys([first.own, second.own]);
    const from = make({ keys: fixed });
    const ring = await fixed(now, 60);
    const shown = [from, fixed, ring, await from.keySet(), await from.issue({ user: userOf() })].map(
      (value) => inspect(value, { depth: Number.POSITIVE_INFINITY, showHidden: true }) + JSON.stringify(value),
    );
    for (const secret of [first.own.d, first.own.p, first.own.q, first.own.dp, first.own.qi, second.own.d])
      expect(shown.join()).not.toContain(secret);
    for (const { d, k, p } of (await from.keySet()).keys) expect([d, k, p]).toEqual([undefined, undefined, undefined]);
  });

  it.for<[what: string, make: () => Promise<unknown>, message: RegExp]>([
    ["nothing", async () => undefined, /takes an array of JWKs/],
    ["no key", async () => [], /takes an array of JWKs/],
    ["a text", async () => ["secret"], /key 1 of fixedKeys must be a JWK$/],
    ["a public key to sign with", async () => [(await pair()).open], /key 1 of fixedKeys signs/],
    ["a shared secret", async () => [{ kty: "oct", k: "c2VjcmV0" }], /must be a JWK for RS256, ES256 or EdDSA/],
    [
      "another algorithm",
      async () => [{ ...(await pair()).own, alg: "RS256" }],
      /must be a JWK for RS256, ES256 or EdDSA/,
    ],
    ["another curve", async () => [(await pair("ES384")).own], /must be a JWK for RS256, ES256 or EdDSA/],
    ["a key for encryption", async () => [{ ...(await pair()).own, use: "enc" }], /must be a JWK for RS256, ES256 or/],
    [
      "a `kid` that is a number",
      async () => [{ ...(await pair()).own, kid: 7 }],
      /the `kid` of key 1 of fixedKeys must be text/,
    ],
    [
      "a `kid` twice",
      async () => [(await pair()).own, (await pair()).open].map((jwk) => ({ ...jwk, kid: "a" })),
      /one `kid` twice/,
    ],
    [
      "halves of two keys",
      async () => [{ ...(await pair()).own, d: (await pair()).own.d }],
      /key 1 of fixedKeys cannot be used/,
    ],
    [
      "a point off its curve",
      async () => [{ ...(await pair()).own, x: (await pair()).own.x }],
      /key 1 of fixedKeys cannot be used/,
    ],
    [
      "numbers that are none",
      async () => [{ kty: "RSA", n: "", e: "AQAB", d: "AQAB" }],
      /key 1 of fixedKeys cannot be used/,
    ],
  ])("refuse %s", async ([, jwks, message]) => {
    const given = await jwks();
    const said = await refusal(() => fixedKeys(given as JWK[]));
    expect(said).toMatch(/^invalid_config: /);
    expect(said).toMatch(message);
  });
});
