import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { UserMetaError } from "../../src/errors.ts";
import { errorResponse } from "../../src/http.ts";
import { type JwtVerifierOptions, jwtVerifier } from "../../src/session/jwt.ts";
import {
  audience,
  base64url,
  issuer,
  keySet,
  keys,
  mint,
  now,
  publicJwk,
  type Recipe,
  refusal,
  secret,
  signed,
} from "./tokens.ts";

const clock = () => now * 1000;
const strict = (options: Partial<JwtVerifierOptions> = {}) =>
  jwtVerifier({ issuer, audience, jwks: keySet, clock, ...options });
const verify = async (token: string) => verifier(token);
const verifier = strict();
const own = '"iss":"https://issuer.test/","aud":"https://api.test","sub":"user_1"';
const exp = `"exp":${now + 60}`;

describe("a session is made of a token", () => {
  test("with its user id, claims and end", async () => {
    const token = mint({ claims: { role: "admin" } });
    const session = await verify(token);
    expect(session.userId).toBe("user_1");
    expect(session.claims).toEqual({
      iss: issuer,
      aud: audience,
      sub: "user_1",
      iat: now,
      exp: now + 3600,
      role: "admin",
    });
    expect(session.expiresAt).toBe(new Date((now + 3600) * 1000).toISOString());
    expect(session.token).toBe(token);
  });

  test.each<[string, Recipe]>([
    ["signed with ES256", { header: { alg: "ES256", kid: "ec" }, key: keys.ec.privateKey }],
    ["signed with EdDSA", { header: { alg: "EdDSA", kid: "ed" }, key: keys.ed.privateKey }],
    ["without kid, when one key fits", { header: { kid: undefined } }],
    ["without typ", { header: { typ: undefined } }],
    ["of type jwt", { header: { typ: "jwt" } }],
    ["of type at+jwt", { header: { typ: "at+jwt" } }],
    ["of type application/at+jwt", { header: { typ: "application/at+jwt" } }],
    ["of type Application/JWT", { header: { typ: "Application/JWT" } }],
    ["with an unknown header parameter", { header: { "x-foo": { a: 1 } } }],
    ["that brings a key nobody asked for", { header: { jwk: publicJwk("evil"), jku: "http://127.0.0.1:9/" } }],
    ["for several audiences", { claims: { aud: ["https://other.test", audience] } }],
    ["with a fraction in exp", { claims: { exp: now + 0.5 } }],
    ["that ended within the tolerance", { claims: { exp: now - 4 } }],
    ["that begins within the tolerance", { claims: { nbf: now + 5 } }],
    ["made within the tolerance", { claims: { iat: now + 5 } }],
    ["that began before 1970", { claims: { nbf: -1 } }],
    ["without iat", { claims: { iat: undefined } }],
    ["until the end of 9999", { claims: { exp: 253_402_300_799 } }],
    ["with blanks in its JSON", { header: ' {"alg" :\r\n"RS256",\t"kid":"rsa"} ', claims: `\n{ ${own}, ${exp} }` }],
    ["nested 64 deep", { claims: `{${own},${exp},"x":${"[".repeat(63)}${"]".repeat(63)}}` }],
  ])("%s", async (_, recipe) => {
    expect((await verify(mint(recipe))).userId).toBe("user_1");
  });

  test.each(["usér_😀", "user_1 ", "auth0|123", "-", "a".repeat(255)])("of the user %j, exactly", async (sub) => {
    expect((await verify(mint({ claims: { sub } }))).userId).toBe(sub);
  });

  const blanks = ["", " ", "\t", "\n", "\r"];
  test.each(blanks.flatMap((before) => blanks.flatMap((second) => blanks.map((after) => [before, second, after]))))(
    "whose claims have blanks around the brace: %j %j %j",
    async (before, second, after) => {
      const header = `${before}${second}{${after}"alg":"RS256","kid":"rsa"}`;
      const claims = `${before}${second}{${after}"iss":"${issuer}","aud":"${audience}","sub":"user_1","exp":${now + 60}}`;
      expect((await verify(mint({ header, claims }))).userId).toBe("user_1");
    },
  );

  test("whose claim __proto__ changes nothing", async () => {
    const { userId, claims } = await verify(mint({ claims: `{${own},${exp},"__proto__":{"isAdmin":true}}` }));
    expect(userId).toBe("user_1");
    expect(claims["isAdmin"]).toBeUndefined();
    expect(({} as Record<string, unknown>)["isAdmin"]).toBeUndefined();
  });
});

/** Tokens that the issuer signed and that are refused all the same. */
const refused: Record<string, Record<string, Recipe>> = {
  "the algorithm": {
    none: { header: { alg: "none" } },
    "in another case": { header: { alg: "rs256" } },
    "that is not in use": { header: { alg: "RS512" }, hash: "sha512" },
    "that is no text": { header: { alg: ["RS256"] } },
    absent: { header: { alg: undefined } },
    "HS256 with the public key as the secret": {
      header: { alg: "HS256" },
      key: Buffer.from(keys.rsa.publicKey.export({ type: "spki", format: "pem" })),
    },
    "of another key type": { header: { alg: "RS256", kid: "ec" } },
    "other than the signature's": { hash: "sha512" },
  },
  "the key": {
    "of somebody else": { key: keys.evil.privateKey },
    "brought along in jwk": { header: { jwk: publicJwk("evil"), kid: "evil" }, key: keys.evil.privateKey },
    "brought along under our kid": { header: { jwk: publicJwk("evil", { kid: "rsa" }) }, key: keys.evil.privateKey },
    "behind jku": { header: { jku: "http://127.0.0.1:9/", kid: "evil" }, key: keys.evil.privateKey },
    "with an unknown kid": { header: { kid: "zzz" } },
    "with kid __proto__": { header: { kid: "__proto__" } },
    "with kid constructor": { header: { kid: "constructor" } },
    "with an empty kid": { header: { kid: "" } },
    "with a kid in a list": { header: { kid: ["rsa"] } },
    "with a kid that is null": { header: { kid: null } },
    "with a kid that only begins right": { header: { kid: "rsa\u0000" } },
  },
  "a header": {
    "with an unknown critical parameter": { header: { crit: ["x"], x: 1 } },
    "with crit null": { header: { crit: null } },
    "with an empty crit": { header: { crit: [] } },
    "with crit exp": { header: { crit: ["exp"], exp: now + 60 } },
    "with b64 false": { header: { crit: ["b64"], b64: false } },
    "with b64 true": { header: { b64: true } },
    "that names alg twice": { header: '{"alg":"none","kid":"rsa","alg":"RS256"}' },
    "that names alg twice, once in disguise": { header: '{"alg":"RS256","kid":"rsa","\\u0061lg":"RS256"}' },
    "that is a list": { header: "[]" },
    "that is null": { header: "null" },
    "that is no JSON": { header: '{"alg":"RS256"' },
    "with a byte order mark": { header: '\ufeff{"alg":"RS256","kid":"rsa"}' },
    "of a logout token": { header: { typ: "logout+jwt" } },
    "of a DPoP proof": { header: { typ: "dpop+jwt" } },
    "with an empty typ": { header: { typ: "" } },
    "with a typ that is a number": { header: { typ: 1 } },
    "with a typ that is null": { header: { typ: null } },
  },
  "a payload": {
    "that is a list": { claims: '[{"sub":"user_1"}]' },
    "that is a text": { claims: '"user_1"' },
    "that is another token": { claims: mint() },
    "with garbage behind": { claims: `{${own},${exp}}x` },
    "with a comment": { claims: `{${own},/**/${exp}}` },
    "that names sub twice": { claims: `{${own},${exp},"sub":"admin"}` },
    "that names exp twice": { claims: `{${own},${exp},"exp":${now + 99}}` },
    "that names a nested member twice": { claims: `{${own},${exp},"x":{"y":1,"y":2}}` },
    "that is not UTF-8": { claims: Buffer.from(`{${own},${exp},"x":"\xff"}`, "latin1") },
    "nested 65 deep": { claims: `{${own},${exp},"x":${"[".repeat(64)}${"]".repeat(64)}}` },
    "nested as deep as fits": { claims: `{${own},${exp},"x":${"[".repeat(2800)}${"]".repeat(2800)}}` },
    "that is too long": { claims: { pad: "x".repeat(6000) } },
    "bound to a client certificate": { claims: { cnf: { "x5t#S256": "x" } } },
    "bound to a key": { claims: { cnf: { jkt: "x" } } },
    "of a logout token": { claims: { events: { "http://schemas.openid.net/event/backchannel-logout": {} } } },
  },
  exp: {
    absent: { claims: { exp: undefined } },
    null: { claims: { exp: null } },
    "in a text": { claims: { exp: String(now + 60) } },
    true: { claims: { exp: true } },
    "in a list": { claims: { exp: [now + 60] } },
    infinite: { claims: `{${own},"exp":1e400}` },
    "infinitely long ago": { claims: `{${own},"exp":-1e400}` },
    "in the year 10000": { claims: { exp: 253_402_300_800 } },
  },
  "nbf or iat": {
    "in the future: nbf": { claims: { nbf: now + 6 } },
    "in the future: iat": { claims: { iat: now + 6 } },
    "in a text: nbf": { claims: { nbf: String(now) } },
    "in a text: iat": { claims: { iat: String(now) } },
    "null: nbf": { claims: { nbf: null } },
    "null: iat": { claims: { iat: null } },
    "false: nbf": { claims: { nbf: false } },
    "in a list: iat": { claims: { iat: [0] } },
  },
  iss: {
    absent: { claims: { iss: undefined } },
    "of another issuer": { claims: { iss: "https://evil.test/" } },
    "in another case": { claims: { iss: "https://ISSUER.test/" } },
    "without the slash": { claims: { iss: "https://issuer.test" } },
    "in a list": { claims: { iss: [issuer] } },
    null: { claims: { iss: null } },
  },
  aud: {
    absent: { claims: { aud: undefined } },
    "of another API": { claims: { aud: "https://other.test" } },
    "with a slash": { claims: { aud: `${audience}/` } },
    "with two in one text": { claims: { aud: `${audience} https://x` } },
    empty: { claims: { aud: "" } },
    "an empty list": { claims: { aud: [] } },
    "in a list in a list": { claims: { aud: [[audience]] } },
    "beside a number": { claims: { aud: [1, audience] } },
    true: { claims: { aud: true } },
    "in an object": { claims: { aud: { [audience]: true } } },
  },
  sub: {
    absent: { claims: { sub: undefined } },
    null: { claims: { sub: null } },
    "a number": { claims: { sub: 1 } },
    "a list": { claims: { sub: ["user_1"] } },
    empty: { claims: { sub: "" } },
    blank: { claims: { sub: "   " } },
    "a dot": { claims: { sub: "." } },
    "with half a character": { claims: `{"iss":"${issuer}","aud":"${audience}","sub":"user_\\ud800",${exp}}` },
    "with a line break": { claims: { sub: "user\n1" } },
    "of 256 bytes": { claims: { sub: "a".repeat(256) } },
  },
};

describe.each(Object.entries(refused))("a token is refused for %s", (_, recipes) => {
  test.each(Object.entries(recipes))("%s", async (_, recipe) => {
    const token = mint(recipe);
    const error = await refusal(() => verify(token), "invalid_token");
    const { body } = errorResponse(error);
    for (const part of token.split(".")) if (part.length > 8) expect(body).not.toContain(part);
  });
});

describe("a token is refused in any form but the compact one", () => {
  const token = mint({ claims: { x: "y" } });
  const [header, payload, signature] = token.split(".") as [string, string, string];

  test.each([
    "",
    ".",
    "..",
    "a.b.c",
    "undefined",
    "null",
    `${header}.${payload}`,
    `${header}.${payload}.`,
    `${header}..${signature}`,
    `.${payload}.${signature}`,
    `${token}.AAAA`,
    `${token}.AAAA.AAAA`,
    `${token}=`,
    `${token}==`,
    ` ${token}`,
    `${token} `,
    `${token}\n`,
    `${token}\u00e9`,
    `${token}%00`,
    `"${token}"`,
    `<${token}>`,
    token.replaceAll(".", "%2E"),
    `${header}.${payload}.${signature.slice(0, 9)} ${signature.slice(9)}`,
    `${header}.${payload}.${signature.slice(0, 9)}+${signature.slice(10)}`,
    JSON.stringify({ protected: header, payload, signature }),
    undefined as unknown as string,
  ])("%#: %.20s", async (text) => {
    await refusal(() => verify(text), "invalid_token");
  });

  test("with padding that the issuer signed", async () => {
    const padded = base64url(`{${own},${exp}}  `.slice(0, -1)).replace(/=*$/, "=");
    await refusal(() => verify(signed(`${header}.${padded}`, keys.rsa.privateKey)), "invalid_token");
  });

  test("with unused bits that the issuer signed", async () => {
    const text = [0, 1, 2].map((blanks) => base64url(`{${own},${exp}}${" ".repeat(blanks)}`));
    const spare = text.filter((part) => part.length % 4 !== 0);
    expect(spare).toHaveLength(2);
    for (const part of spare) {
      const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
      const other = part.slice(0, -1) + alphabet[alphabet.indexOf(part.at(-1) as string) + 1];
      expect((await verify(signed(`${header}.${part}`, keys.rsa.privateKey))).userId).toBe("user_1");
      await refusal(() => verify(signed(`${header}.${other}`, keys.rsa.privateKey)), "invalid_token");
    }
  });

  test("with unused bits in the signature", async () => {
    const last = signature.at(-1) as string; // 256 bytes leave four unused bits
    await refusal(() => verify(token.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1)), "invalid_token");
  });

  test("as a text of a megabyte, at once", async () => {
    const started = performance.now();
    for (const text of ["a", ".", "a.", "a.a.a", "=", `${header}.`])
      await refusal(() => verify(text.repeat(1_000_000 / text.length)), "invalid_token");
    await refusal(() => strict({ maxTokenBytes: 2 ** 24 })(`${"a".repeat(1_000_001)}=`), "invalid_token");
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe("a signature is refused", () => {
  const change = (token: string, edit: (signature: Buffer) => Uint8Array) => {
    const [header, payload, signature] = token.split(".") as [string, string, string];
    return `${header}.${payload}.${base64url(edit(Buffer.from(signature, "base64url")))}`;
  };
  const rs256 = mint();
  const es256 = mint({ header: { alg: "ES256", kid: "ec" }, key: keys.ec.privateKey });
  const flip = (at: number) => (signature: Buffer) =>
    signature.map((byte, i) => (i === (at + signature.length) % signature.length ? byte ^ 1 : byte));

  test.each<[string, string]>([
    ["with its first bit flipped", change(rs256, flip(0))],
    ["with its last bit flipped", change(rs256, flip(-1))],
    ["cut short", change(rs256, (signature) => signature.subarray(0, -1))],
    ["with a byte more", change(rs256, (signature) => Buffer.concat([signature, Buffer.alloc(1)]))],
    ["of zeros (CVE-2022-21449)", change(es256, (signature) => Buffer.alloc(signature.length))],
    ["of 63 bytes", change(es256, (signature) => signature.subarray(0, -1))],
    ["of another payload", rs256.replace(/\.[^.]+\./, `.${mint({ claims: { sub: "user_2" } }).split(".")[1]}.`)],
    ["of another header", rs256.replace(/^[^.]+/, base64url('{"alg":"RS256","kid":"rsa"}'))],
  ])("%s", async (_, token) => {
    await refusal(() => verify(token), "invalid_token");
  });

  test("before it is said that the token has expired", async () => {
    const error = await refusal(() => verify(change(mint({ claims: { exp: now - 3600 } }), flip(0))), "invalid_token");
    expect(errorResponse(error).body).not.toContain("exp");
  });
});

describe("whatever comes in", () => {
  test("a token of which one character was changed is refused", async () => {
    const token = mint();
    const character = fc.oneof(
      fc.constantFrom("A", "Q", "g", "-", "_", ".", "=", "+", "/", " ", "\n", "\u00e9", ""),
      fc.string({ maxLength: 2 }),
    );
    const places = fc.nat({ max: token.length - 1 });
    await fc.assert(
      fc.asyncProperty(places, fc.nat({ max: 1 }), character, async (at, cut, put) => {
        const changed = token.slice(0, at) + put + token.slice(at + cut);
        fc.pre(changed !== token);
        await refusal(() => verify(changed), "invalid_token");
      }),
      { numRuns: 3000 },
    );
  });

  test("any header and any claims that the issuer signs are taken or refused, and never a fault of ours", async () => {
    const json = fc.oneof(fc.jsonValue(), fc.constantFrom(issuer, audience, "user_1", now, now + 60, "RS256", "rsa"));
    const members = (...names: string[]) =>
      fc.record(Object.fromEntries(names.map((name) => [name, json])), { requiredKeys: [] });
    const headers = members("alg", "kid", "typ", "crit", "b64", "jwk", "__proto__");
    const claims = members("iss", "aud", "sub", "exp", "nbf", "iat", "azp", "cnf", "events", "constructor");
    await fc.assert(
      fc.asyncProperty(headers, claims, async (header, payload) => {
        const said = await verify(mint({ header, claims: payload })).catch((error: unknown) => error);
        if (!(said instanceof UserMetaError)) expect(said).toHaveProperty("userId", payload["sub"] ?? "user_1");
        else expect(["invalid_token", "token_expired"]).toContain(said.code);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("a token has expired", () => {
  test.each([now - 5, now - 60, 0, -1, -9_999_999_999])("with exp %d", async (exp) => {
    const error = await refusal(() => verify(mint({ claims: { exp } })), "token_expired");
    expect(errorResponse(error).headers["www-authenticate"]).toContain('error="invalid_token"');
  });

  test("when it is too old, whatever its exp, and its session ends then", async () => {
    const verifyYoung = strict({ maxTokenAge: 3600 });
    await refusal(() => verifyYoung(mint({ claims: { iat: now - 3605, exp: now + 60 } })), "token_expired");
    const { expiresAt } = await verifyYoung(mint({ claims: { iat: now - 3600, exp: now + 60 } }));
    expect(expiresAt).toBe(new Date(now * 1000).toISOString());
    await refusal(() => verifyYoung(mint({ claims: { iat: undefined } })), "invalid_token");
  });
});

describe("options narrow down what is taken:", () => {
  test("typ", async () => {
    const verifyAccess = strict({ typ: "at+jwt" });
    for (const typ of ["at+jwt", "AT+JWT", "application/at+jwt"])
      expect((await verifyAccess(mint({ header: { typ } }))).userId).toBe("user_1");
    for (const typ of [undefined, "JWT", "id+jwt", "", 1, "text/at+jwt"])
      await refusal(() => verifyAccess(mint({ header: { typ } })), "invalid_token");
  });

  test("authorizedParties", async () => {
    const verifyParty = strict({ authorizedParties: ["https://app.test"] });
    expect((await verifyParty(mint({ claims: { azp: "https://app.test" } }))).userId).toBe("user_1");
    for (const azp of [undefined, "", "https://app.test.evil.test", "https://evil.test", ["https://app.test"], null])
      await refusal(() => verifyParty(mint({ claims: { azp } })), "invalid_token");
  });

  test("several audiences", async () => {
    const verifyAny = strict({ audience: ["a", "b"] });
    expect((await verifyAny(mint({ claims: { aud: "b" } }))).userId).toBe("user_1");
    await refusal(() => verifyAny(mint({ claims: { aud: "c" } })), "invalid_token");
  });

  test("audience false, which takes any", async () => {
    const verifyAny = strict({ audience: false });
    for (const aud of [undefined, "c", ["c", "d"]])
      expect((await verifyAny(mint({ claims: { aud } }))).userId).toBe("user_1");
    await refusal(() => verifyAny(mint({ claims: { aud: 1 } })), "invalid_token");
  });

  test("issuer false, which takes tokens without an issuer only", async () => {
    const verifyNameless = strict({ issuer: false });
    expect((await verifyNameless(mint({ claims: { iss: undefined } }))).userId).toBe("user_1");
    for (const iss of [issuer, "", null, false])
      await refusal(() => verifyNameless(mint({ claims: { iss } })), "invalid_token");
  });

  test("claims, to exact values", async () => {
    const verifyUse = strict({ claims: { token_use: "access", level: [1, 2] } });
    for (const level of [1, 2])
      expect((await verifyUse(mint({ claims: { token_use: "access", level } }))).userId).toBe("user_1");
    for (const claims of [
      { level: 1 },
      { token_use: "access" },
      { token_use: "id", level: 1 },
      { token_use: "ACCESS", level: 1 },
      { token_use: ["access"], level: 1 },
      { token_use: "access", level: "1" },
      { token_use: "access", level: [1] },
      { token_use: "access", level: null },
    ])
      await refusal(() => verifyUse(mint({ claims })), "invalid_token");
  });

  test("claims that may be absent, but not anything else", async () => {
    const verifyStatus = strict({ claims: { sts: ["active", null] } });
    for (const sts of ["active", undefined, null])
      expect((await verifyStatus(mint({ claims: { sts } }))).userId).toBe("user_1");
    for (const sts of ["pending", "", 0, false, ["active"], {}])
      await refusal(() => verifyStatus(mint({ claims: { sts } })), "invalid_token");
  });

  test("claims whose names Object knows too", async () => {
    await refusal(() => strict({ requiredClaims: ["constructor"] })(mint()), "invalid_token");
    await refusal(() => strict({ requiredClaims: ["toString"] })(mint()), "invalid_token");
    expect((await strict({ claims: { valueOf: [null, "x"] } })(mint())).userId).toBe("user_1");
  });

  test("requiredClaims", async () => {
    const verifySession = strict({ requiredClaims: ["sid", "role"] });
    expect((await verifySession(mint({ claims: { sid: "s", role: false } }))).userId).toBe("user_1");
    for (const sid of [undefined, null, ""])
      await refusal(() => verifySession(mint({ claims: { sid, role: "r" } })), "invalid_token");
  });

  test("clockTolerance", async () => {
    const verifyExact = strict({ clockTolerance: 0 });
    await refusal(() => verifyExact(mint({ claims: { exp: now } })), "token_expired");
    expect((await verifyExact(mint({ claims: { exp: now + 1 } }))).userId).toBe("user_1");
  });

  test("maxTokenBytes", async () => {
    const token = mint();
    expect((await strict({ maxTokenBytes: token.length })(token)).userId).toBe("user_1");
    await refusal(() => strict({ maxTokenBytes: token.length - 1 })(token), "invalid_token");
  });
});

describe("a shared secret", () => {
  const withSecret = (options: Partial<JwtVerifierOptions> = {}) =>
    jwtVerifier({ issuer, audience, secret, clock, ...options });
  const hs256 = { header: { alg: "HS256", kid: undefined }, key: secret };

  test("verifies HS256 tokens", async () => {
    expect((await withSecret()(mint(hs256))).userId).toBe("user_1");
    expect((await withSecret()(mint({ ...hs256, header: { alg: "HS256", kid: "any" } }))).userId).toBe("user_1");
  });

  test("may be a text, which counts in UTF-8", async () => {
    const text = "correct horse battery staple, é";
    expect((await withSecret({ secret: text })(mint({ ...hs256, key: Buffer.from(text) }))).userId).toBe("user_1");
  });

  test("verifies no other token", async () => {
    const wrong: Recipe[] = [
      {},
      { ...hs256, key: Buffer.alloc(32) },
      { header: { alg: "HS512" }, key: secret, hash: "sha512" },
    ];
    for (const recipe of wrong) await refusal(() => withSecret()(mint(recipe)), "invalid_token");
  });

  test("serves each of several algorithms", async () => {
    const key = Buffer.alloc(64, 7);
    const verifyAll = withSecret({ secret: key, algorithms: ["HS256", "HS384", "HS512"] });
    for (const [alg, hash] of [
      ["HS256", "sha256"],
      ["HS384", "sha384"],
      ["HS512", "sha512"],
    ] as const)
      expect((await verifyAll(mint({ header: { alg }, key, hash }))).userId).toBe("user_1");
  });

  test("stays what it was when the bytes are overwritten", async () => {
    const bytes = Uint8Array.from(secret);
    const verifyKept = withSecret({ secret: bytes });
    bytes.fill(0);
    expect((await verifyKept(mint(hs256))).userId).toBe("user_1");
  });
});

test.each([
  ["RS384", "rsa", { modulusLength: 2048 }, "sha384"],
  ["RS512", "rsa", { modulusLength: 2048 }, "sha512"],
  ["ES384", "ec", { namedCurve: "P-384" }, "sha384"],
  ["ES512", "ec", { namedCurve: "P-521" }, "sha512"],
  ["Ed25519", "ed25519", {}, undefined],
] as const)("%s can be chosen", async (alg, type, options, hash) => {
  const { publicKey, privateKey } = generateKeyPairSync(type as "ec", options as unknown as { namedCurve: string });
  const verifyOne = strict({ jwks: { keys: [publicKey.export({ format: "jwk" })] }, algorithms: [alg] });
  const recipe = { header: { alg, kid: undefined }, key: privateKey, ...(hash && { hash }) };
  expect((await verifyOne(mint(recipe))).userId).toBe("user_1");
});
