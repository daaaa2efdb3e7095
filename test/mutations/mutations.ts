/** One defence taken out of the source: the text of it, and what stands there instead. */
export interface Mutation {
  /** Below `packages/`. */
  readonly file: string;
  /** Must occur in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The name of the test that must fail then; of a `test.each`, the name of one of its cases. */
  readonly test: string;
}

/** A published attack or rule, and the defences against it. */
export interface Attack {
  readonly source: string;
  readonly attack: string;
  /** What each defence is, and how to do without it. */
  readonly defences: Readonly<Record<string, Mutation>>;
}

/** The tests of attacks, by the first words of their names. */
export const suites: readonly string[] = [
  "packages/core/test/session/attacks.test.ts",
  "packages/core/test/routes/attacks.test.ts",
  "packages/core/test/session/token-cache.test.ts",
  "packages/nextjs/test/attacks.test.ts",
];

const source =
  (file: string) =>
  (find: string, replace: string, test: string): Mutation => ({ file, find, replace, test });
const claims = source("core/src/session/claims.ts");
const compact = source("core/src/session/compact.ts");
const credentials = source("core/src/session/credentials.ts");
const header = source("core/src/session/header.ts");
const jwt = source("core/src/session/jwt.ts");
const options = source("core/src/session/jwt-options.ts");
const keys = source("core/src/session/keys.ts");
const origin = source("core/src/session/origin.ts");
const remote = source("core/src/session/remote-keys.ts");
const requirements = source("core/src/session/requirements.ts");
const revoking = source("core/src/session/revocation.ts");
const secret = source("core/src/session/secret.ts");
const sessions = source("core/src/session/session.ts");
const cache = source("core/src/session/token-cache.ts");
const keyring = source("core/src/routes/keyring.ts");
const body = source("core/src/routes/body.ts");
const metadata = source("core/src/routes/metadata.ts");
const router = source("core/src/routes/router.ts");
const merge = source("core/src/metadata/merge.ts");
const http = source("core/src/http.ts");
const nextjs = source("nextjs/src/index.ts");

export const attacks: readonly Attack[] = [
  {
    source: "CVE-2015-2951, CVE-2022-23540",
    attack: "`none`, or an algorithm that nobody chose",
    defences: {
      "the header's algorithm must be in the list": header(
        "|| !algorithms.includes(alg)) throw",
        ") throw",
        "a header cannot choose an algorithm that is not in use",
      ),
      "the list holds known algorithms only": options(
        " || !list.every((alg) => family.includes(alg))",
        "",
        "none cannot be configured",
      ),
    },
  },
  {
    source: "CVE-2015-9235, CVE-2016-10555, CVE-2023-48223, CVE-2026-34950, GHSA-ww5h-9m49-7xx4",
    attack: "a public key taken for an HMAC secret",
    defences: {
      "one family of algorithms per verifier": options(
        "secret === undefined ? Object.keys(keyTypes) : secretAlgorithms;",
        "[...Object.keys(keyTypes), ...secretAlgorithms];",
        "one verifier has one family",
      ),
      "a secret that is a PEM is refused, wherever that begins": secret(
        'text.includes("-----BEGIN")',
        'text.startsWith("-----BEGIN")',
        "a public key is no secret",
      ),
      "a secret that is a JWK is refused": secret(
        'return typeof JSON.parse(text) === "object";',
        "return false;",
        "a public key is no secret",
      ),
      "no symmetric or private key in a configured set": keys(
        "if (jwks.some(isSecret))",
        "if (false)",
        "a set's symmetric keys verify nothing",
      ),
    },
  },
  {
    source: "CVE-2026-22817, CVE-2026-22818, CVE-2022-23541",
    attack: "a key without `alg`: the header decides what it is used for",
    defences: {
      "such a key serves the first algorithm that fits": keys(
        "algorithms.find((name) =>",
        "algorithms.findLast((name) =>",
        "a key that names no algorithm serves the first that fits",
      ),
      "a key that names an algorithm serves that one": keys(
        " && (own === undefined || own === name);",
        ";",
        "a key that names an algorithm serves no other",
      ),
      "the curve must be the algorithm's": keys(
        "(type?.crv === undefined || type.crv === crv)",
        "true",
        "a key on another curve than the algorithm's is not used",
      ),
    },
  },
  {
    source: "CVE-2018-0114, RFC 8725 section 3.10",
    attack: "`jwk`, `jku`, `x5u`, `x5c`: the token brings its key",
    defences: {
      "`jwk` is not looked at": jwt(
        "const key = keys.find(alg, kid);",
        `const own = readPart(splitCompact(token).header)["jwk"];
    const load = async () => (await (await import("jose")).importJWK(own as never, alg)) as never;
    if (own) return verify(token, { kid, alg, numbers: "", named: true, load });
    const key = keys.find(alg, kid);`,
        "a token does not bring its own key",
      ),
      "`jku` is not followed": header(
        "return { alg, kid };",
        'if (typeof header["jku"] === "string") void fetch(header["jku"]);\n  return { alg, kid };',
        "nothing is fetched on a token's word",
      ),
    },
  },
  {
    source: "CVE-2026-35042, CVE-2025-59420, RFC 7797",
    attack: "a critical extension that is not understood, an unencoded payload",
    defences: {
      "`crit` is refused": header(
        'Object.hasOwn(header, "crit") ||',
        "",
        "a critical extension is refused before a key is asked for",
      ),
      "`b64` is refused": header(
        '|| Object.hasOwn(header, "b64")',
        "",
        "an unencoded payload is refused, whatever b64 says",
      ),
    },
  },
  {
    source: "CVE-2025-62610, RFC 8725 section 3.9",
    attack: "a token for another API",
    defences: {
      "an issuer must be configured": options(
        "issuer !== false && !isText(issuer)",
        "false",
        "no verifier is built without an issuer",
      ),
      "an audience must be configured": options(
        'audience !== false && !isTexts(typeof audience === "string" ? [audience] : audience)',
        "false",
        "no verifier is built without an audience",
      ),
      "`aud` is compared": claims(
        "rules.audience !== false && !rules.audience.some((name) => audiences.includes(name))",
        "false",
        "a token for somebody else or for nobody is refused",
      ),
    },
  },
  {
    source: "CVE-2025-30144, RFC 8725 section 3.8",
    attack: "`iss` as a list, with the wanted issuer in it; no subject",
    defences: {
      "`iss` is one text": claims(
        "iss !== rules.issuer",
        "![iss].flat().includes(rules.issuer as never)",
        "an issuer is one text, compared whole",
      ),
      "`sub` must be a valid user id": sessions(
        "checkSessionUser(userId);\n  const session",
        "const session",
        "a subject is a valid user id or the token is refused",
      ),
    },
  },
  {
    source: "CVE-2019-20933, GHSA-8wpc-h4q6-8fxv, RFC 8725 section 3.5",
    attack: "an empty or short secret, a weak key",
    defences: {
      "a secret has the length of its hash": secret(
        "if (bytes.length < least)",
        "if (bytes.length < 0)",
        "a secret is never empty",
      ),
      "of several hashes the longest counts": secret(
        "Math.max(",
        "Math.min(",
        "a secret is as long as the longest hash",
      ),
      "RSA keys have 2,048 bits": keys(">= 2048", ">= 1", "an RSA key smaller than 2,048 bits is not used"),
      "RSA exponents are above 1": keys("exponent.length > 1", "exponent.length > 0", "an RSA key whose exponent is 1"),
      "keys for encryption are left out": keys(
        'use !== undefined && use !== "sig"',
        "false",
        "a key for encryption verifies nothing",
      ),
      "keys for other operations are left out": keys(
        'operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))',
        "false",
        "a key to wrap other keys verifies nothing",
      ),
    },
  },
  {
    source: "GHSA-869p-cjfg-cm3x",
    attack: "a secret looked up by what the token says",
    defences: {
      "`kid` is a text before anything is looked up": header(
        'kid !== undefined && typeof kid !== "string"',
        "false",
        "what finds the key is given a checked header only",
      ),
    },
  },
  {
    source: "CVE-2022-21449, CVE-2020-28042",
    attack: "a signature of zeros, or none",
    defences: {
      "the signature is verified": jwt(
        "await compactVerify(token, await key.load(), { algorithms: [key.alg] });",
        "await key.load();",
        "an ECDSA signature of zeros",
      ),
      "an empty signature is not even tried": jwt(
        "checkPart(parts.signature);\n    checkParties(",
        "checkParties(",
        "a token without a signature is refused before a key is asked for",
      ),
      "a fault of the library is a refusal": jwt(
        'throw invalidToken("the token\'s signature does not verify", cause);',
        "throw cause;",
        "a fault of the crypto library is a refusal and not a 500",
      ),
    },
  },
  {
    source: "Wycheproof, RFC 8725 sections 3.3, 3.6 and 3.7",
    attack: "other spellings of a token, doubled members, too much of anything",
    defences: {
      "bytes have one spelling": compact("|| !endings[part.length % 4]?.test(part)", "", "a token has one spelling"),
      "no padding, no blanks": compact("!alphabet.test(part) ||", "", "a token has one spelling"),
      "members are named once": compact(
        "parseJson(utf8.decode(",
        "JSON.parse(utf8.decode(",
        "a header or payload that names a member twice is refused",
      ),
      "text is UTF-8": compact("fatal: true", "fatal: false", "a payload that is not UTF-8 is refused"),
      "length is limited": compact(
        "token.length > maxBytes",
        "false",
        "a token longer than 8 KiB or nested deeper than 64 is not looked into",
      ),
      "depth is limited": compact(
        "const maxDepth = 64;",
        "const maxDepth = 6400;",
        "a token longer than 8 KiB or nested deeper than 64 is not looked into",
      ),
    },
  },
  {
    source: "RFC 8725 sections 3.11 and 3.12, RFC 7800, RFC 8705",
    attack: "a token of the right issuer, made for another end",
    defences: {
      "`typ` must be a session token's": header(
        "fits(given, typ === undefined ? sessionTypes : [typ])",
        "true",
        "a token made for another end is refused by its type",
      ),
      "logout tokens are refused": claims("isObject(events) &&", "false &&", "a logout token is no session"),
      "tokens bound by `cnf` are refused": claims(
        'Object.hasOwn(claims, "cnf")',
        "false",
        "a token bound to its sender's key is refused",
      ),
      "`azp` must be there where it is asked for": claims(
        "rules.authorizedParties !== undefined &&",
        "rules.authorizedParties !== undefined && azp !== undefined &&",
        "a token that lacks an authorized party is refused",
      ),
      "further claims must have their values": claims(
        "for (const [name, values] of rules.claims)",
        "for (const [name, values] of [] as typeof rules.claims)",
        "a token whose further claims are not as configured is refused",
      ),
      "further claims must be there": claims(
        "for (const name of rules.requiredClaims)",
        "for (const name of [] as string[])",
        "a token whose further claims are not as configured is refused",
      ),
    },
  },
  {
    source: "RFC 7519 section 4.1",
    attack: "a token that never ends, or has not begun",
    defences: {
      "`exp` is required": claims(
        "if (!isDate(exp))",
        "if (exp !== undefined && !isDate(exp))",
        "a token without an end is refused",
      ),
      "`exp` is finite": claims("< 253_402_300_800", "<= Infinity", "a token that never ends is refused"),
      "`exp` is compared": claims("if (end <= now)", "if (false)", "a token that has ended is refused"),
      "`nbf` is compared": claims(
        "nbf !== undefined && !(isDate(nbf) && nbf <= now + clockTolerance)",
        "false",
        "a token that has not begun is refused",
      ),
      "`iat` is compared": claims(
        "!(isDate(iat) && iat <= now + clockTolerance)",
        "false",
        "a token that has not begun is refused",
      ),
    },
  },
  {
    source: "RFC 6750",
    attack: "answers that tell attackers too much, and clients the wrong thing",
    defences: {
      "no credentials, no error": http(
        `if (code === "session_required") return 'Bearer realm="usermeta"';`,
        "",
        "a request without credentials is told no error",
      ),
      "two Authorization lines are refused": credentials(
        "if (isRepeated(request.rawHeaders)) throw repeated();",
        "",
        "two Authorization lines are a bad request",
      ),
      "joined lines are refused": credentials(
        'if (token.includes(",")) throw repeated();',
        "",
        "two Authorization lines that a runtime has joined",
      ),
      "scopes are compared": requirements(
        "if (scopes.every((scope) => granted.includes(scope))) return;",
        "if (scopes.length > 0) return;",
        "a missing scope is 403, and the answer names it",
      ),
      "messages hold nothing of the token": header(
        'throw invalidToken("the algorithm is not one in use here")',
        "throw invalidToken(String(alg))",
        "no answer repeats what the token says",
      ),
      "HEAD has the challenge too": http(
        'if (status === 401 || code === "insufficient_scope")',
        'if (code === "insufficient_scope")',
        "a refusal has its challenge on HEAD too",
      ),
      "keys that cannot be had are no 401": remote(
        'throw new UserMetaError("keys_unavailable",',
        'throw new UserMetaError("invalid_token",',
        "keys that cannot be had are 503 with Retry-After",
      ),
      "503 says when to come again": http(
        'if (status === 503) headers["retry-after"] = "1";',
        "",
        "keys that cannot be had are 503 with Retry-After",
      ),
    },
  },
  {
    source: "cookie tossing, CSRF",
    attack: "another site writes with the user's cookie, or puts in its own",
    defences: {
      "a bad header does not fall back to the cookie": credentials(
        'return token === undefined ? undefined : { token, source: "header" };',
        'if (token !== undefined) return { token, source: "header" };',
        "a bad header never falls back to a good cookie",
      ),
      "two unequal cookies are refused": credentials(
        "if (found !== undefined && found !== value)",
        "if (false)",
        "a cookie that another host of the site tossed in is not taken",
      ),
      "a write needs a listed origin": origin(
        ": origins.has(origin)",
        ": true",
        "a write on a cookie session from another site is refused",
      ),
      "a missing origin is not the site's own": origin(
        'site === "same-origin" || site === "none"',
        "true",
        "a write on a cookie session from another site is refused",
      ),
    },
  },
  {
    source: "CVE-2026-27959",
    attack: "`Host` of the attacker's choice (Koa's `ctx.hostname`)",
    defences: {
      "`Host` is not read": origin(
        "origins.has(origin)",
        'origins.has(origin) || new URL(origin).host === header(request, "host")',
        "Host decides nothing",
      ),
    },
  },
  {
    source: "CVE-2026-35039",
    attack: "a cache of verified tokens that mixes them up, or keeps them too long",
    defences: {
      "a token is known by all its bytes": cache("entry.token === token && ", "", "a verified token helps no other"),
      "it ends with its `exp`": jwt(
        "checkExpiry(known.end, now);",
        "",
        "a verified token ends with its exp, and with the key that signed it",
      ),
      "it ends with its key": jwt(
        "!known || known.key !== key",
        "!known",
        "a verified token ends when another key takes the place",
      ),
      "it ends with the cache's seconds": cache("now < entry.until", "true", "verifies again after its seconds"),
      "there are only so many": cache(
        "young.size >= tokens / 2",
        "young.size >= tokens * 200",
        "never holds more than it may, and keeps what is used",
      ),
      "no request changes the session of the next": sessions(
        "session.claims = freeze(claims);",
        "session.claims = claims;",
        "no handler changes the session that the next request gets",
      ),
      "a hook that says nothing revokes": revoking(
        "if (answer !== false)",
        "if (answer)",
        "is not let through by a hook that fails or says nothing",
      ),
    },
  },
  {
    source: "key sets, when the issuer is down",
    attack: "everybody is signed out, or the issuer is flooded",
    defences: {
      "one fetch for all who wait": remote(
        "if (running !== undefined && canShare) return running;",
        "",
        "a thousand requests of a cold start share one fetch",
      ),
      "the last good set is used for a day": remote(
        "24 * 3600 * second",
        "600 * second",
        "an issuer that is down for an hour costs nobody his session",
      ),
      "and no longer": remote(
        "24 * 3600 * second",
        "48 * 3600 * second",
        "a key set is used for a day without its issuer",
      ),
      "failures are followed by a pause": remote(
        "[30 * second, 300 * second]",
        "[1 * second, 1 * second]",
        "an issuer that is down for an hour is asked three times in ten minutes",
      ),
      "unknown kids wait for the cooldown": remote(
        "const cooldown = 27 * second;",
        "const cooldown = 0;",
        "ten thousand unknown kids cost an issuer that is up",
      ),
      "unknown kids wait after a failure": remote(
        "[30 * second, 300 * second]",
        "[0, 0]",
        "ten thousand unknown kids cost an issuer that is down",
      ),
      "so does a cold start": remote(
        "Math.min(2 ** failures * 0.5 * second, afterFailure)",
        "0",
        "ten thousand tokens at a cold start cost an issuer that is down",
      ),
      "a set is fetched again in time": remote(
        "const maxAge = 600 * second;",
        "const maxAge = 6000 * second;",
        "a key that was taken out of the set verifies nothing",
      ),
    },
  },
  {
    source: "key sets, when something else answers",
    attack: "keys of another's, or so much that memory ends",
    defences: {
      "1 MiB at most": remote("if (bytes > maxBytes)", "if (false)", "a key set of more than 1 MiB is not taken"),
      "no redirects": remote('redirect: "manual"', 'redirect: "follow"', "a key set behind a redirect is not taken"),
      "an error is no set": remote(
        "if (response.status !== 200)",
        "if (false)",
        "a key set of an error that looks like a set is not taken",
      ),
      "a set without usable keys is none": remote(
        "if (usable.length === 0)",
        "if (false)",
        "a key set of no usable keys is not taken",
      ),
      "https only": remote('url.protocol !== "https:" &&', "false &&", "a key set is fetched over https"),
    },
  },
  {
    source: "CVE-2025-61928",
    attack: "the body says whose data it is",
    defences: {
      "unknown members are refused": merge(
        "if (!scopes.includes(name as Scope))",
        "if (!scopes.includes(name as Scope)) continue;\n    if (false)",
        "whose metadata it is comes from the session alone",
      ),
      "the id is the session's": metadata(
        "andThen(records.read(userId), (record) => showRecord(",
        'andThen(records.read((request.headers as Record<string, string>)["x-user-id"] ?? userId), (record) => showRecord(',
        "whose metadata it is comes from the session alone",
      ),
    },
  },
  {
    source: "CVE-2026-41248, CVE-2026-2880, CVE-2026-33808, CVE-2026-14198, GHSA-x732-6j76-qmhm",
    attack: "guard and route read one path in two ways: `//x`, `/x;y`, `%2F`",
    defences: {
      "every route asks for the session itself": metadata(
        "response ?? answer(session as Session, request)",
        'answer((session ?? { userId: "bob", expiresAt: "2100-01-01T00:00:00Z", claims: {} }) as Session, request)',
        "no route answers without credentials",
      ),
      "paths are matched undecoded": router(
        'respond(request, path.split("/"), query)',
        'respond(request, decodeURIComponent(path).split("/"), query)',
        "a path is matched as it came, so that guard and route never see two: /me%2Fmetadata",
      ),
      "slashes are not merged": router(
        'respond(request, path.split("/"), query)',
        'respond(request, path.replace(/[/]+/g, "/").split("/"), query)',
        "a path is matched as it came, so that guard and route never see two: //me/metadata",
      ),
      "parameters are not cut off": router(
        'respond(request, path.split("/"), query)',
        'respond(request, path.replace(/;[^/]*/g, "").split("/"), query)',
        "a path is matched as it came, so that guard and route never see two: /me/metadata;x=1",
      ),
      "case counts": router(
        'respond(request, path.split("/"), query)',
        'respond(request, path.toLowerCase().split("/"), query)',
        "a path is matched as it came, so that guard and route never see two: /ME/metadata",
      ),
    },
  },
  {
    source: "CVE-2025-29927",
    attack: "`x-middleware-subrequest` skips Next's middleware",
    defences: {
      "the guard is in the handler": nextjs(
        "const { session, response } = await meta.guard(req, options);",
        `if (req.headers.has("x-middleware-subrequest")) return handler(req, context as never);
    const { session, response } = await meta.guard(req, options);`,
        "a guarded handler asks for a session whatever x-middleware-subrequest says",
      ),
    },
  },
  {
    source: "CVE-2025-48947, CVE-2025-64762",
    attack: "a CDN keeps one user's answer for the next",
    defences: {
      "`no-store` everywhere": http(
        '"cache-control": "no-store",',
        '"cache-control": "private",',
        "no cache keeps an answer that depends on a session",
      ),
      "`vary` everywhere": http(
        'vary: "authorization, cookie, origin",',
        'vary: "origin",',
        "no cache keeps an answer that depends on a session",
      ),
    },
  },
  {
    source: "CVE-2026-25223",
    attack: "a tab in Content-Type, which two parsers read differently",
    defences: {
      "the whole value is parsed, once": body(
        "mediaTypes.find((known) => known === found)",
        'mediaTypes.find((known) => (header(request, "content-type") ?? "").trim().startsWith(known))',
        'a media type is parsed in one place, tabs included: "application/json\\tx"',
      ),
    },
  },
  {
    source: "CVE-2026-45364",
    attack: "a new IPv6 address for every guess",
    defences: {
      "wrong keys are counted, not addresses": keyring(
        "if (++wrong > attemptsPerWindow)",
        "if (false)",
        "wrong admin keys are limited whatever address they come from",
      ),
    },
  },
];
