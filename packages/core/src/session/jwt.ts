import { Buffer } from "node:buffer";
import { compactVerify, type JSONWebKeySet, type JWK } from "jose";
import type { UserMetaError } from "../errors.ts";
import { type ClaimValue, checkExpiry, checkParties, checkTimes } from "./claims.ts";
import { checkBeginning, checkLength, checkPart, readPart, splitCompact } from "./compact.ts";
import { headerReader } from "./header.ts";
import { readJwtOptions } from "./jwt-options.ts";
import type { VerificationKey } from "./keys.ts";
import { invalidToken } from "./refusal.ts";
import type { KeySetLocator } from "./remote-keys.ts";
import { createSession, type Session, type SessionVerifier } from "./session.ts";
import type { TokenCacheOptions, Whose } from "./token-cache.ts";

/** What {@link jwtVerifier} takes: issuer, audience, and exactly one of `jwks`, `keys` and `secret`. */
export interface JwtVerifierOptions {
  /** What `iss` must be, character for character. `false`, written out: the tokens have none, and those with one are refused. */
  readonly issuer: string | false;
  /** `aud` must name it, or one of these. `false`, written out: tokens made for others are taken as well. */
  readonly audience: string | readonly string[] | false;
  /** The issuer's key set, or where it publishes that: an https URL, or a function that finds it out for each fetch. */
  readonly jwks?: string | URL | JSONWebKeySet | KeySetLocator;
  /** The issuer's public keys. */
  readonly keys?: readonly JWK[];
  /** A secret shared with the issuer: 32 random bytes for HS256, 48 for HS384, 64 for HS512. A string counts in UTF-8. */
  readonly secret?: string | Uint8Array;
  /** Algorithms that may be used, of one family. @default ["RS256", "ES256", "EdDSA"], with `secret` ["HS256"] */
  readonly algorithms?: readonly string[];
  /** Seconds by which the clocks of issuer and server may differ. @default 5 */
  readonly clockTolerance?: number;
  /** What the header's `typ` must be, e.g. `"at+jwt"` (RFC 9068). @default absent, `JWT` or `at+jwt` */
  readonly typ?: string;
  /** `azp` must be one of these, exactly. */
  readonly authorizedParties?: readonly string[];
  /** What further claims must be, exactly, e.g. `{ token_use: "access" }`. Of a list any one; `null` in it: or absent. */
  readonly claims?: Readonly<Record<string, ClaimValue | readonly (ClaimValue | null)[]>>;
  /** Claims that must be there and neither null nor empty, e.g. `["sid"]`, which only sessions have. */
  readonly requiredClaims?: readonly string[];
  /** Seconds after `iat` at which a token ends, whatever its `exp` says; `iat` is required then. */
  readonly maxTokenAge?: number;
  /** Longest token that is looked at, in bytes. @default 8192 */
  readonly maxTokenBytes?: number;
  /** How verified tokens are remembered; `false`: not at all. */
  readonly cache?: TokenCacheOptions | false;
  /** The time, in milliseconds since 1970; for tests. @default Date.now */
  readonly clock?: () => number;
}

/**
 * Verifies sessions that are signed JWTs (RFC 7519, RFC 8725), from any issuer. Strict by construction: algorithms are
 * fixed here, `exp` and `sub` are required, and anything doubtful is `invalid_token`.
 *
 * Throws `invalid_config` at once when the options are wrong. The verifier throws `invalid_token`, `token_expired`, and
 * `keys_unavailable` when the issuer's keys were never to be had.
 *
 * ```ts
 * const verifier = jwtVerifier({
 *   issuer: "https://id.example",
 *   audience: "https://api.example",
 *   jwks: "https://id.example/.well-known/jwks.json",
 * });
 * ```
 */
export function jwtVerifier(options: JwtVerifierOptions): SessionVerifier {
  const { keys, algorithms, typ, maxTokenBytes, clock, cache, ...rules } = readJwtOptions(options);
  const readHeader = headerReader(algorithms, typ);

  const verifier = (token: string): Session | Promise<Session> => {
    checkLength(token, maxTokenBytes);
    checkBeginning(token);
    const { alg, kid } = readHeader(token);
    const key = keys.find(alg, kid);
    if (key === undefined) throw unknownKey();
    if (typeof key === "function") return askFor(key, token);
    const now = clock() / 1000;
    const known = cache?.find(token, now);
    // Nothing but its key and the time can change about a token that was verified.
    if (!known || known.key !== key) return verify(token, key);
    checkExpiry(known.end, now);
    return known.session;
  };

  /** The issuer is asked for the key only of a token that says to be his, and has the form of one. */
  async function askFor(ask: () => Promise<VerificationKey | undefined>, token: string): Promise<Session> {
    const parts = splitCompact(token);
    checkPart(parts.signature);
    checkParties(readPart(parts.claims), rules);
    const key = await ask();
    if (key === undefined) throw unknownKey();
    return verify(token, key);
  }

  async function verify(token: string, key: VerificationKey): Promise<Session> {
    const parts = splitCompact(token);
    checkPart(parts.signature);
    const claims = readPart(parts.claims);
    checkParties(claims, rules);
    try {
      await compactVerify(token, await key.load(), { algorithms: [key.alg] });
    } catch (cause) {
      throw invalidToken("the token's signature does not verify", cause); // plain TypeErrors of jose as well
    }
    const now = clock() / 1000;
    const { expiresAt, end } = checkTimes(claims, rules, now);
    const session = createSession({ token: copy(token), userId: claims["sub"] as string, claims, expiresAt });
    cache?.keep({ session, key, end }, now);
    checkExpiry(end, now);
    return session;
  }

  return Object.assign(verifier, { forget: (whose: Whose) => cache?.forget(whose) });
}

/** A text of its own: a piece of a header would keep all of that in memory, and is slower to compare. */
const copy = (token: string): string => Buffer.from(token, "latin1").toString("latin1");

const unknownKey = (): UserMetaError => invalidToken("no key of the issuer fits the token");
