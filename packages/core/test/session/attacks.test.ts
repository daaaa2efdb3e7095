// Published attacks on the verification of tokens, one sentence each; docs/attacks.md shows what fails without its defence.
import { constants, generateKeyPairSync, sign } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UserMetaError } from "../../src/errors.ts";
import { errorResponse } from "../../src/http.ts";
import { createUserMeta, memoryStore } from "../../src/index.ts";
import { type JwtVerifierOptions, jwtVerifier } from "../../src/session/jwt.ts";
import type { SessionVerifier } from "../../src/session/session.ts";
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

const strict = (options: Partial<JwtVerifierOptions> = {}): SessionVerifier =>
  jwtVerifier({ issuer, audience, jwks: keySet, clock: () => now * 1000, ...options });
const shared = (): SessionVerifier => jwtVerifier({ issuer, audience, secret, clock: () => now * 1000 });
const build = (options: object) => () => jwtVerifier({ issuer, audience, ...options } as JwtVerifierOptions);
const refuse = async (verify: SessionVerifier, token: string): Promise<UserMetaError> =>
  refusal(() => verify(token), "invalid_token");
const refuseAll = async (recipes: readonly Recipe[], verify = strict()): Promise<void> => {
  for (const recipe of recipes) await refuse(verify, mint(recipe));
};
const userOf = async (verify: SessionVerifier, token: string): Promise<string> => (await verify(token)).userId;
const pem = keys.rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const somewhere = "https://issuer.test/jwks.json";

// The issuer, and whatever else an attacker names: what it answers at the moment, and how often it was asked.
type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;
const publish =
  (...published: unknown[]): Handler =>
  (_, response) =>
    response.end(JSON.stringify({ keys: published }));
const down: Handler = (request) => request.socket.destroy();
let answer: Handler;
let fetches: number;
let origin: string;
let remote: () => SessionVerifier;
let close: () => void;
let elapsed: number; // the monotonic clock, which stands still unless it is put forward
const advance = (seconds: number): void => {
  elapsed += seconds * 1000;
};

beforeEach(async () => {
  elapsed = 0;
  vi.spyOn(performance, "now").mockImplementation(() => elapsed);
  [fetches, answer] = [0, publish(publicJwk("rsa"))];
  const server = createServer((request, response) => {
    fetches++;
    answer(request, response);
  });
  server.keepAliveTimeout = 600_000; // a busy machine must not find the connection closed meanwhile
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  remote = () => strict({ jwks: `${origin}/jwks.json` });
  close = () => {
    server.close();
    server.closeAllConnections();
  };
});
afterEach(() => {
  close();
  vi.restoreAllMocks();
});

describe("algorithms and keys:", () => {
  test("a header cannot choose an algorithm that is not in use (CVE-2015-2951, CVE-2022-23540)", async () => {
    const hs512 = mint({ header: { alg: "HS512" }, key: secret, hash: "sha512" });
    await refuse(shared(), hs512);
    await refuse(remote(), mint({ header: { alg: "RS512" }, hash: "sha512" }));
    expect(fetches).toBe(0); // for a key that could serve it
    for (const alg of ["none", "None", "nOnE", "hs256", "HS256 ", "", null])
      await refuse(shared(), mint({ header: { alg }, key: secret }));
    await refuse(
      strict(),
      `${mint({ header: { alg: "none" } })
        .split(".")
        .slice(0, 2)
        .join(".")}.`,
    );
  });

  test("none cannot be configured (CVE-2022-23540, RFC 8725 section 3.1)", async () => {
    for (const algorithms of [["none"], ["RS256", "none"], [], ["rs256"]])
      await refusal(build({ jwks: somewhere, algorithms }), "invalid_config");
  });

  test("one verifier has one family, so that no public key becomes a secret (CVE-2015-9235, CVE-2016-10555)", async () => {
    await refusal(build({ jwks: somewhere, algorithms: ["RS256", "HS256"] }), "invalid_config");
    await refusal(build({ secret, algorithms: ["HS256", "RS256"] }), "invalid_config");
    for (const key of [Buffer.from(pem), Buffer.from(JSON.stringify(publicJwk("rsa")))])
      await refuseAll([{ header: { alg: "HS256" }, key }]);
  });

  test("a public key is no secret, with blanks before it or as a JWK (CVE-2023-48223, CVE-2026-34950, GHSA-ww5h-9m49-7xx4)", async () => {
    for (const text of [
      pem,
      ` \n${pem}`,
      `\ufeff${pem}`,
      JSON.stringify(publicJwk("rsa")),
      ` ${JSON.stringify(keySet)}`,
    ])
      for (const key of [text, Buffer.from(text)]) await refusal(build({ secret: key }), "invalid_config");
  });

  test("a set's symmetric keys verify nothing (CVE-2015-9235)", async () => {
    const oct = { kty: "oct", k: base64url(secret), kid: "oct", alg: "HS256" };
    await refusal(build({ keys: [...keySet.keys, oct] }), "invalid_config");
    await refuseAll(
      [{ header: { alg: "HS256", kid: "oct" }, key: secret }],
      strict({ jwks: { keys: [publicJwk("rsa"), oct] as never } }),
    );
  });

  test("a key that names no algorithm serves the first that fits, not the header's (CVE-2026-22817, CVE-2026-22818)", async () => {
    const text = `${base64url('{"alg":"PS256","kid":"rsa"}')}.${mint().split(".")[1]}`;
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const pss = sign("sha256", Buffer.from(text), { key: keys.rsa.privateKey, padding, saltLength: 32 });
    const both = strict({ jwks: { keys: [publicJwk("rsa")] as never }, algorithms: ["RS256", "PS256"] });
    await refuse(both, `${text}.${base64url(pss)}`);
    expect(await userOf(both, mint())).toBe("user_1");
  });

  test("a key that names an algorithm serves no other (CVE-2022-23541)", async () => {
    await refuseAll([{}], strict({ jwks: { keys: [publicJwk("rsa", { alg: "RS512" }), publicJwk("ec")] as never } }));
  });

  test("a key on another curve than the algorithm's is not used (CVE-2026-22817)", async () => {
    const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey.export({ format: "jwk" });
    await refusal(build({ keys: [p384], algorithms: ["ES256"] }), "invalid_config");
  });

  test.each([
    ["smaller than 2,048 bits", () => publicJwk("small")],
    ["whose exponent is 1, with which anybody signs", () => publicJwk("rsa", { e: "AQ" })],
    ["whose exponent is even", () => publicJwk("rsa", { e: "AQAC" })],
  ])("an RSA key %s is not used (RFC 8725 section 3.5)", async (_, jwk) => {
    await refusal(build({ keys: [jwk()] }), "invalid_config");
  });

  test.each([
    ["for encryption", { use: "enc" }],
    ["to wrap other keys", { key_ops: ["wrapKey"] }],
  ])("a key %s verifies nothing (RFC 7517 section 4)", async (_, members) => {
    await refuseAll([{}], strict({ jwks: { keys: [publicJwk("rsa", members), publicJwk("ec")] as never } }));
  });

  test("a private key is no part of a configuration", async () => {
    await refusal(build({ keys: [...keySet.keys, keys.rsa.privateKey.export({ format: "jwk" })] }), "invalid_config");
  });

  test.each([
    ["empty (CVE-2019-20933, GHSA-8wpc-h4q6-8fxv)", ""],
    ["absent (CVE-2019-20933)", undefined],
    ["null", null],
    ["short (RFC 7518 section 3.2)", "x".repeat(31)],
  ])("a secret is never %s", async (_, text) => {
    await refusal(build({ secret: text }), "invalid_config");
  });

  test("a secret is as long as the longest hash in use (RFC 7518 section 3.2)", async () => {
    await refusal(build({ secret: Buffer.alloc(63, 1), algorithms: ["HS256", "HS512"] }), "invalid_config");
  });

  test("what finds the key is given a checked header only (GHSA-869p-cjfg-cm3x)", async () => {
    for (const kid of [["rsa"], { toString: "rsa" }, 1, true, null])
      await refuse(shared(), mint({ header: { alg: "HS256", kid }, key: secret }));
    for (const kid of ["__proto__", "constructor", "toString", "", "rsa\u0000"]) await refuseAll([{ header: { kid } }]);
  });

  test("a token does not bring its own key (CVE-2018-0114, RFC 8725 section 3.10)", async () => {
    const evil = { key: keys.evil.privateKey };
    const x5c = [base64url(keys.evil.publicKey.export({ type: "spki", format: "der" }))];
    for (const kid of ["evil", "rsa", undefined])
      await refuseAll([
        { ...evil, header: { kid, jwk: publicJwk("evil") } },
        { ...evil, header: { kid, jwk: publicJwk("evil", { kid: "rsa" }) } },
        { ...evil, header: { kid, x5c } },
      ]);
  });

  test("nothing is fetched on a token's word (CVE-2018-0114, RFC 8725 section 3.10)", async () => {
    answer = publish(publicJwk("evil"));
    for (const name of ["jku", "x5u", "iss", "kid"])
      await refuse(strict(), mint({ header: { kid: "evil", [name]: `${origin}/keys` }, key: keys.evil.privateKey }));
    await refuse(strict(), mint({ claims: { iss: `${origin}/` }, key: keys.evil.privateKey }));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(fetches).toBe(0);
  });

  test.each([
    ["zeros (CVE-2022-21449)", 64],
    ["63 bytes of zeros", 63],
  ])("an ECDSA signature of %s is none", async (_, length) => {
    const parts = mint({ header: { alg: "ES256", kid: "ec" }, key: keys.ec.privateKey }).split(".");
    await refuse(strict(), [parts[0], parts[1], base64url(Buffer.alloc(length))].join("."));
  });

  test("a token without a signature is refused before a key is asked for (CVE-2020-28042)", async () => {
    await refuse(remote(), `${mint().split(".").slice(0, 2).join(".")}.`);
    expect(fetches).toBe(0);
  });

  test("a fault of the crypto library is a refusal and not a 500", async () => {
    const offCurve = publicJwk("ec", { x: base64url(Buffer.alloc(32, 1)) });
    const token = mint({ header: { alg: "ES256", kid: "ec" }, key: keys.ec.privateKey });
    await refuse(strict({ jwks: { keys: [offCurve] as never } }), token);
    await refuseAll([{ key: keys.evil.privateKey }]);
  });
});

describe("the form of a token:", () => {
  test("a critical extension is refused before a key is asked for (CVE-2026-35042, CVE-2025-59420)", async () => {
    for (const crit of [["x"], [], null, "x", ["exp"], ["alg"], [""]])
      await refuse(remote(), mint({ header: { crit, x: 1 } }));
    expect(fetches).toBe(0);
  });

  test("an unencoded payload is refused, whatever b64 says (RFC 7797)", async () => {
    for (const b64 of [true, false, null, 0])
      await refuseAll([{ header: { b64 } }, { header: { b64, crit: ["b64"] } }]);
  });

  test("a token has one spelling, so that no list of revoked ones misses it (Wycheproof)", async () => {
    const [header, payload, signature] = mint().split(".") as [string, string, string];
    const last = signature.at(-1) as string; // 256 bytes leave four unused bits
    const other = signature.slice(0, -1) + String.fromCharCode(last.charCodeAt(0) + 1);
    await refuse(strict(), `${header}.${payload}.${other}`);
    for (const text of [`${payload}=`, `${payload.slice(0, 5)} ${payload.slice(5)}`])
      await refuse(strict(), signed(`${header}.${text}`, keys.rsa.privateKey));
  });

  test("a header or payload that names a member twice is refused, also in disguise (RFC 8725 section 3.3)", async () => {
    const own = `"iss":"${issuer}","aud":"${audience}","exp":${now + 60}`;
    await refuseAll([
      { claims: `{${own},"sub":"user_1","sub":"admin"}` },
      { claims: `{${own},"sub":"user_1","\\u0073ub":"admin"}` },
      { header: '{"alg":"none","kid":"rsa","alg":"RS256"}' },
    ]);
  });

  test("a payload that is not UTF-8 is refused (RFC 8725 section 3.7)", async () => {
    const own = `"iss":"${issuer}","aud":"${audience}","sub":"user_1","exp":${now + 60}`;
    await refuseAll([{ claims: Buffer.from(`{${own},"x":"\xff"}`, "latin1") }]);
  });

  test("a token longer than 8 KiB or nested deeper than 64 is not looked into", async () => {
    const own = `"iss":"${issuer}","aud":"${audience}","sub":"user_1","exp":${now + 60}`;
    await refuseAll([{ claims: `{${own},"x":${"[".repeat(65)}${"]".repeat(65)}}` }]);
    await refuse(remote(), mint({ claims: { pad: "x".repeat(6000) } }));
    expect(fetches).toBe(0);
  });

  test("a token that is encrypted, nested or in another serialization is refused (RFC 8725 section 3.6)", async () => {
    const token = mint();
    const [header, payload, signature] = token.split(".");
    for (const text of [
      `${token}.${payload}.${signature}`,
      JSON.stringify({ protected: header, payload, signature }),
      signed(`${header}.${base64url(token)}`, keys.rsa.privateKey),
    ])
      await refuse(strict(), text);
  });
});

describe("claims:", () => {
  test("no verifier is built without an issuer (CVE-2025-62610)", async () => {
    for (const iss of [undefined, "", null]) await refusal(build({ jwks: somewhere, issuer: iss }), "invalid_config");
  });

  test("no verifier is built without an audience, unless that is written out (CVE-2025-62610)", async () => {
    for (const aud of [undefined, "", [], null, true])
      await refusal(build({ jwks: somewhere, audience: aud }), "invalid_config");
  });

  test("a token for somebody else or for nobody is refused (CVE-2025-62610, RFC 8725 section 3.9)", async () => {
    await refuseAll(
      [undefined, "https://other.test", [], [[audience]], `${audience}/`].map((aud) => ({ claims: { aud } })),
    );
  });

  test("an issuer is one text, compared whole (CVE-2025-30144, RFC 8725 section 3.8)", async () => {
    const others = [
      [issuer],
      ["https://evil.test", issuer],
      `${issuer}x`,
      issuer.slice(0, -1),
      { [issuer]: 1 },
      undefined,
    ];
    await refuseAll(others.map((iss) => ({ claims: { iss } })));
  });

  test("a subject is a valid user id or the token is refused (RFC 8725 section 3.8)", async () => {
    await refuseAll([undefined, null, 1, ["user_1"], "", " ", "a\u0000", "."].map((sub) => ({ claims: { sub } })));
  });

  test("a token made for another end is refused by its type (RFC 8725 section 3.11)", async () => {
    await refuseAll(["logout+jwt", "dpop+jwt", "id+jwt", "secevent+jwt", "", 1].map((typ) => ({ header: { typ } })));
    await refuse(strict({ typ: "at+jwt" }), mint());
  });

  test("a logout token is no session (RFC 8725 section 3.12)", async () => {
    await refuseAll([{ claims: { events: { "http://schemas.openid.net/event/backchannel-logout": {} } } }]);
  });

  test("a token bound to its sender's key is refused, since that key is not seen (RFC 7800, RFC 8705)", async () => {
    await refuseAll([{ claims: { cnf: { jkt: "x" } } }, { claims: { cnf: { "x5t#S256": "x" } } }]);
  });

  test("a token that lacks an authorized party is refused where one is asked for", async () => {
    const verify = strict({ authorizedParties: ["https://app.test"] });
    for (const azp of [undefined, null, "", "https://app.test.evil.test", ["https://app.test"]])
      await refuse(verify, mint({ claims: { azp } }));
  });

  test("a token whose further claims are not as configured is refused", async () => {
    await refuse(strict({ claims: { token_use: "access" } }), mint({ claims: { token_use: "id" } }));
    await refuse(strict({ claims: { token_use: "access" } }), mint());
    await refuse(strict({ requiredClaims: ["sid"] }), mint());
  });

  test("a token without an end is refused", async () => {
    await refuseAll([undefined, null, "9999999999", true].map((exp) => ({ claims: { exp } })));
  });

  test("a token that never ends is refused: 1e400 is infinite", async () => {
    const own = `"iss":"${issuer}","aud":"${audience}","sub":"user_1"`;
    await refuseAll([{ claims: `{${own},"exp":1e400}` }, { claims: { exp: 1e15 } }]);
  });

  test("a token that has ended is refused", async () => {
    await refusal(() => strict()(mint({ claims: { exp: now - 6 } })), "token_expired");
  });

  test("a token that has not begun is refused", async () => {
    await refuseAll([{ claims: { nbf: now + 60 } }, { claims: { nbf: "0" } }]);
    await refuseAll([{ claims: { iat: now + 60 } }, { claims: { iat: "0" } }]);
  });

  test("a verified token helps no other: neither a longer one, nor one of the same signature (CVE-2026-35039)", async () => {
    const verify = strict();
    const token = mint();
    expect(await userOf(verify, token)).toBe("user_1");
    const [header, , signature] = token.split(".");
    const [, payload] = mint({ claims: { sub: "admin" } }).split(".");
    await refuse(verify, [header, payload, signature].join("."));
    await refuse(verify, `${token}AAAA`);
    await refuse(verify, token.slice(0, -4));
  });

  test("a verified token ends with its exp, and with the key that signed it (CVE-2026-35039)", async () => {
    let time = now;
    const verify = strict({ jwks: `${origin}/jwks.json`, clock: () => time * 1000 });
    const [short, long] = [mint({ claims: { exp: now + 60 } }), mint()];
    for (const token of [short, long]) expect(await userOf(verify, token)).toBe("user_1");
    time += 66;
    await refusal(() => verify(short), "token_expired");
    expect(await userOf(verify, long)).toBe("user_1");
    answer = publish(publicJwk("evil"));
    advance(601);
    await refuse(verify, long);
  });

  test("a verified token ends when another key takes the place of the one that signed it (CVE-2026-35039)", async () => {
    const verify = remote();
    expect(await userOf(verify, mint())).toBe("user_1");
    answer = publish(publicJwk("evil", { kid: "rsa" }));
    advance(30);
    await refuse(verify, mint({ header: { kid: "unknown" } })); // for which the set is fetched
    expect(fetches).toBe(2);
    await refuse(verify, mint());
  });

  test("no handler changes the session that the next request gets (CVE-2026-35039)", async () => {
    const verify = strict();
    const token = mint({ claims: { org: { roles: ["member"] } } });
    const roles = async () => ((await verify(token)).claims["org"] as { roles: string[] }).roles;
    await roles()
      .then((list) => list.push("owner"))
      .catch(() => "refused, which is as good");
    expect(await roles()).toEqual(["member"]);
  });
});

describe("requests:", () => {
  const guard = () =>
    createUserMeta({
      store: memoryStore(),
      verifier: strict(),
      cookie: { name: "__session" },
      origins: ["https://app.test"],
    });
  const bearer = (token = mint()) => ({ method: "GET", headers: { authorization: `Bearer ${token}` } });

  test("a request without credentials is told no error (RFC 6750 section 3.1)", async () => {
    const { response } = await guard().guard({ headers: {} });
    expect([response?.status, response?.headers["www-authenticate"]]).toEqual([401, 'Bearer realm="usermeta"']);
  });

  test("a bad token is told as invalid_token, whatever is wrong with it (RFC 6750 section 3.1)", async () => {
    const { response } = await guard().guard(bearer(mint({ key: keys.evil.privateKey })));
    expect(response?.status).toBe(401);
    expect(response?.headers["www-authenticate"] ?? "").toContain('error="invalid_token"');
  });

  test("two Authorization lines are a bad request (RFC 6750 section 3.1)", async () => {
    const rawHeaders = ["Authorization", "Bearer a", "authorization", "Bearer b"];
    await refusal(
      () => guard().verifySession({ headers: { authorization: "Bearer a" }, rawHeaders }),
      "invalid_request",
    );
  });

  test("two Authorization lines that a runtime has joined are a bad request (RFC 9110 section 5.3)", async () => {
    await refusal(() => guard().verifySession(bearer("a, Bearer b")), "invalid_request");
  });

  test("a missing scope is 403, and the answer names it (RFC 6750 section 3.1)", async () => {
    const { response } = await guard().guard(bearer(mint({ claims: { scope: "read" } })), { scopes: ["write"] });
    expect(response?.status).toBe(403);
    expect(response?.headers["www-authenticate"] ?? "").toMatch(/error="insufficient_scope".*scope="write"/);
  });

  test("no answer repeats what the token says (RFC 6750 section 3)", async () => {
    const marked = 'x",scope="admin';
    const tokens = [
      mint({ header: { alg: marked } }),
      mint({ header: { kid: marked } }),
      mint({ header: { typ: marked } }),
      mint({ claims: { iss: marked } }),
      mint({ claims: { aud: marked } }),
      mint({ claims: { sub: `${marked}\n` } }),
      marked,
    ];
    for (const token of tokens) {
      const { response } = await guard().guard(bearer(token));
      expect(JSON.stringify(response)).not.toContain("admin");
      expect(JSON.stringify(response)).not.toContain(token.slice(0, 40));
    }
  });

  test("a bad header never falls back to a good cookie", async () => {
    const cookie = `__session=${mint()}`;
    for (const authorization of ["Basic x", "Bearer", "Bearer bad", ""])
      expect((await guard().guard({ headers: { cookie, authorization } })).response?.status).toBe(401);
  });

  test("a cookie that another host of the site tossed in is not taken", async () => {
    const evil = mint({ claims: { sub: "attacker" } });
    for (const cookie of [`__session=${evil}; __session=${mint()}`, `__session=${mint()}; __session=${evil}`])
      await refusal(() => guard().verifySession({ headers: { cookie } }), "invalid_token");
  });

  test("a write on a cookie session from another site is refused", async () => {
    const ask = (headers: object) => () =>
      guard().verifySession({ method: "POST", headers: { cookie: `__session=${mint()}`, ...headers } });
    for (const headers of [{}, { origin: "https://evil.test" }, { origin: "null" }, { "sec-fetch-site": "same-site" }])
      await refusal(ask(headers), "origin_forbidden");
  });

  test("Host decides nothing: a write is not the site's own because it says so (CVE-2026-27959)", async () => {
    const headers = {
      cookie: `__session=${mint()}`,
      origin: "https://evil.test",
      host: "evil.test",
      "x-forwarded-host": "evil.test",
    };
    await refusal(() => guard().verifySession({ method: "POST", headers }), "origin_forbidden");
  });

  test("a bad token is refused where no session is required, too", async () => {
    const { response } = await guard().guard(bearer("bad"), { sessionRequired: false });
    expect(response?.status).toBe(401);
  });
});

describe("key sets:", () => {
  const token = mint();
  /** What a guard would answer, in one word. */
  const ask = async (verify: SessionVerifier, bearer = token): Promise<string> => {
    try {
      return await userOf(verify, bearer);
    } catch (error) {
      if (error instanceof UserMetaError) return error.code;
      throw error;
    }
  };
  const unknown = (i: number): string => mint({ header: { alg: "EdDSA", kid: `kid${i}` }, key: keys.ed.privateKey });
  const rotated = mint({ header: { kid: "evil" }, key: keys.evil.privateKey });

  test("a thousand requests of a cold start share one fetch", async () => {
    const verify = remote();
    const said = await Promise.all(Array.from({ length: 1000 }, () => ask(verify)));
    expect([new Set(said), fetches]).toEqual([new Set(["user_1"]), 1]);
  });

  test("an issuer that is down for an hour costs nobody his session", async () => {
    const verify = remote();
    await ask(verify);
    answer = down;
    advance(601); // the set is old enough to be fetched again
    for (let at = 0; at < 3600; at++) {
      expect(await ask(verify)).toBe("user_1");
      advance(1);
    }
  });

  test("an issuer that is down for an hour is asked three times in ten minutes at most", async () => {
    const verify = remote();
    await ask(verify);
    answer = down;
    advance(601);
    const times: number[] = [];
    for (let at = 0; at < 3600; at++) {
      const before = fetches;
      await ask(verify);
      if (fetches > before) times.push(at);
      advance(1);
    }
    const busiest = Math.max(...times.map((start) => times.filter((at) => at >= start && at < start + 600).length));
    expect(busiest).toBeLessThanOrEqual(3);
    expect(times.length).toBeGreaterThanOrEqual(10); // and it is asked, or it would never be found up again
  });

  test("ten thousand unknown kids cost an issuer that is up two fetches at most", async () => {
    const verify = remote();
    for (let i = 0; i < 10_000; i++) expect(await ask(verify, unknown(i))).toBe("invalid_token");
    expect(fetches).toBeLessThanOrEqual(2);
    expect(await ask(verify)).toBe("user_1");
  });

  test("ten thousand unknown kids cost an issuer that is down two fetches at most", async () => {
    const verify = remote();
    await ask(verify);
    answer = down;
    advance(30); // past the cooldown of the success
    for (let i = 0; i < 10_000; i++) expect(await ask(verify, unknown(i))).toBe("invalid_token");
    expect(fetches - 1).toBeLessThanOrEqual(2);
    expect(await ask(verify)).toBe("user_1");
  });

  test("ten thousand tokens at a cold start cost an issuer that is down two fetches at most", async () => {
    answer = down;
    const verify = remote();
    for (let i = 0; i < 10_000; i++) expect(await ask(verify)).toBe("keys_unavailable");
    expect(fetches).toBeLessThanOrEqual(2);
  });

  test("keys that cannot be had are 503 with Retry-After, and nobody is signed out (RFC 6750)", async () => {
    answer = down;
    const error = await refusal(() => remote()(token), "keys_unavailable");
    const { status, headers } = errorResponse(error);
    expect(status).toBe(503);
    expect(headers["retry-after"] ?? "").toMatch(/^\d+$/);
    expect(headers["www-authenticate"]).toBeUndefined();
  });

  test("a key set of more than 1 MiB is not taken, and the last good one stays", async () => {
    const verify = remote();
    await ask(verify);
    answer = publish(publicJwk("evil", { pad: "x".repeat(2 ** 20) }));
    advance(601);
    expect([await ask(verify), await ask(verify, rotated)]).toEqual(["user_1", "invalid_token"]);
  });

  test("a key set behind a redirect is not taken, and the last good one stays", async () => {
    const verify = remote();
    await ask(verify);
    answer = ({ url }, response) =>
      url === "/jwks.json"
        ? response.writeHead(302, { location: "/evil.json" }).end()
        : response.end(JSON.stringify({ keys: [publicJwk("evil")] }));
    advance(601);
    expect([await ask(verify), await ask(verify, rotated), fetches]).toEqual(["user_1", "invalid_token", 2]);
  });

  test.each<[string, Handler]>([
    ["no keys", publish()],
    ["no usable keys", publish(publicJwk("rsa", { use: "enc" }), { kty: "oct", k: "x" }, null)],
    ["no set", (_, response) => response.end("{}")],
    ["no JSON", (_, response) => response.end("<html>")],
    [
      "an error that looks like a set",
      (_, response) => response.writeHead(500).end(JSON.stringify({ keys: [publicJwk("evil")] })),
    ],
  ])("a key set of %s is not taken, and the last good one stays", async (_, garbage) => {
    const verify = remote();
    await ask(verify);
    answer = garbage;
    advance(601);
    expect([await ask(verify), await ask(verify, rotated)]).toEqual(["user_1", "invalid_token"]);
  });

  test("a key that was taken out of the set verifies nothing from the next fetch on", async () => {
    const verify = remote();
    await ask(verify);
    answer = publish(publicJwk("evil"));
    advance(601);
    expect([await ask(verify), await ask(verify, rotated)]).toEqual(["invalid_token", "user_1"]);
  });

  test("a key set is used for a day without its issuer, and no longer", async () => {
    const verify = remote();
    await ask(verify);
    answer = down;
    advance(24 * 3600 + 1);
    expect(await ask(verify)).toBe("keys_unavailable");
  });

  test("a key set is fetched over https, or from this machine", async () => {
    for (const jwks of [
      "http://issuer.test/jwks.json",
      "http://127.0.0.1.evil.test/",
      "ftp://issuer.test/",
      "https://a:b@issuer.test/",
    ])
      await refusal(build({ jwks }), "invalid_config");
  });
});
