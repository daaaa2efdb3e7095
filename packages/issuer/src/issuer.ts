import {
  checkOptions,
  invalidConfig,
  type JsonObject,
  type SessionIssuer,
  type TokenUser,
  UserMetaError,
} from "@usermeta/core";
import { SignJWT } from "jose";
import { type ClaimFunction, type ClaimTemplate, claimSource } from "./claims.ts";
import type { SigningKeys } from "./keys.ts";

/** What {@link sessionIssuer} takes. */
export interface SessionIssuerOptions {
  /** Where the signing keys come from: `await fileKeys(…)`, `await fixedKeys(…)` or `memoryKeys()`. */
  readonly keys: SigningKeys;
  /** `iss` of the tokens. */
  readonly issuer: string;
  /** `aud` of the tokens: the API or APIs that they are for. */
  readonly audience: string | readonly string[];
  /**
   * Seconds that a token lives, 1 to 86400. It is also how old its metadata may become where nobody looks at the live one, so
   * that the default is Clerk's. @default 60
   */
  readonly lifetime?: number;
  /** What the tokens say about their users: a template with Clerk's shortcodes, or a function. @default {} */
  readonly claims?: ClaimTemplate | ClaimFunction;
  /**
   * Bytes of UTF-8 that the custom claims may take as compact JSON, 2 to 4096. Browsers keep no cookie above 4,096 bytes,
   * base64url adds a third, and the rest of the token wants room too: Clerk's figure. @default 1200
   */
  readonly budget?: number;
  /** The time, in milliseconds since 1970; for tests. @default Date.now */
  readonly clock?: () => number;
}

/**
 * Signs session tokens that carry metadata: `iss`, `aud`, `sub`, `iat`, `exp`, `sid` of the session that the token was
 * exchanged for, `mv` (the ETag of the metadata inside), and the custom claims. A token ends after `lifetime`, with the session
 * that it was exchanged for, or with its key, whichever comes first.
 *
 * Throws `invalid_config` at once when the options are wrong. `issue` throws `claims_too_large`, `token_expired` for a grant
 * that is over, `keys_unavailable` when there never were keys, and `invalid_config` for a function's claims that are
 * reserved or no JSON.
 *
 * ```ts
 * const issuer = sessionIssuer({
 *   keys: await fileKeys("usermeta.keys", { passphrase: process.env.KEYS_PASSPHRASE }),
 *   issuer: "https://app.example",
 *   audience: "https://api.example",
 *   claims: { plan: "{{user.public_metadata.plan || 'free'}}" },
 * });
 * ```
 */
export function sessionIssuer(options: SessionIssuerOptions): SessionIssuer {
  const { keys, issuer: iss, audience, lifetime, claimsOf, clock } = readOptions(options);
  const aud = typeof audience === "string" ? audience : [...audience];
  const now = (): number => Math.floor(clock() / 1000);
  return {
    async issue({ user, sessionId, notAfter = Number.POSITIVE_INFINITY }) {
      const claims = await claimsOf(user);
      const iat = now();
      const { signer } = await keys(iat, lifetime);
      const exp = Math.floor(Math.min(iat + lifetime, notAfter, signer.notAfter ?? Number.POSITIVE_INFINITY));
      if (!(exp > iat)) throw new UserMetaError("token_expired", "refresh the session and try again");
      const sid = sessionId === undefined ? {} : { sid: sessionId };
      // No `jti` and `nbf`: they would travel with every request, and `iat`, `sid` and `mv` tell as much.
      const token = await new SignJWT({ ...claims, iss, aud, sub: user.userId, ...sid, mv: user.mv, iat, exp })
        .setProtectedHeader({ typ: "JWT", alg: signer.alg, kid: signer.kid })
        .sign(signer.privateKey);
      return { token, expiresAt: new Date(exp * 1000).toISOString() };
    },
    async keySet() {
      const { published } = await keys(now(), lifetime);
      return { keys: published };
    },
  };
}

interface Settings {
  readonly keys: SigningKeys;
  readonly issuer: string;
  readonly audience: string | readonly string[];
  readonly lifetime: number;
  readonly claimsOf: (user: TokenUser) => Promise<JsonObject>;
  readonly clock: () => number;
}

const known = ["keys", "issuer", "audience", "lifetime", "claims", "budget", "clock"];

function readOptions(options: SessionIssuerOptions): Settings {
  checkOptions("sessionIssuer", options, known);
  const { keys, issuer, audience, lifetime = 60, claims = {}, budget = 1200, clock = Date.now } = options;
  if (typeof keys !== "function")
    throw invalidConfig("`keys` must be memoryKeys(), await fixedKeys(…) or await fileKeys(…); is an `await` missing?");
  if (!isText(issuer)) throw invalidConfig("`issuer` is required: the `iss` of the tokens, e.g. https://app.example");
  if (!isText(audience) && !(Array.isArray(audience) && audience.length > 0 && audience.every(isText)))
    throw invalidConfig("`audience` is required: the `aud` of the tokens, e.g. https://api.example");
  if (!isWhole(lifetime, 1, 86_400))
    throw invalidConfig("`lifetime` must be 1 to 86400 seconds; nothing takes a token back");
  if (!isWhole(budget, 2, 4096)) throw invalidConfig("`budget` must be 2 to 4096 bytes"); // {} takes two
  if (typeof clock !== "function") throw invalidConfig("`clock` must be a function, e.g. Date.now");
  return { keys, issuer, audience, lifetime, claimsOf: claimSource(claims, budget), clock };
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isWhole = (value: unknown, least: number, most: number): boolean =>
  Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most;
