import { UserMetaError } from "../errors.ts";
import { isObject, type JsonObject } from "../metadata/json.ts";
import { invalidToken } from "./refusal.ts";

/** What a claim can be held against. */
export type ClaimValue = string | number | boolean;

/** What a token's claims are held against. Times are seconds. */
export interface ClaimRules {
  readonly issuer: string | false;
  readonly audience: readonly string[] | false;
  readonly authorizedParties: readonly string[] | undefined;
  /** Values of further claims; `null` is that of an absent one. */
  readonly claims: readonly (readonly [name: string, values: readonly (ClaimValue | null)[]])[];
  readonly requiredClaims: readonly string[];
  readonly clockTolerance: number;
  readonly maxTokenAge: number | undefined;
}

/**
 * Checks who made the token and for whom. Needs no verified signature: what fails here is `invalid_token` either way, and
 * a token of another issuer costs neither a key nor a signature.
 */
export function checkParties(claims: JsonObject, rules: ClaimRules): void {
  const { iss, aud, azp, events } = claims;
  if (rules.issuer === false ? Object.hasOwn(claims, "iss") : iss !== rules.issuer)
    throw invalidToken("the token's `iss` is not the configured issuer");
  const audiences = Array.isArray(aud) ? aud : aud === undefined ? [] : [aud];
  if (audiences.some((name) => typeof name !== "string")) throw invalidToken("the token's `aud` must be text");
  if (rules.audience !== false && !rules.audience.some((name) => audiences.includes(name)))
    throw invalidToken("the token's `aud` does not name the configured audience");
  if (rules.authorizedParties !== undefined && !(typeof azp === "string" && rules.authorizedParties.includes(azp)))
    throw invalidToken("the token's `azp` is not one of the authorized parties");
  for (const [name, values] of rules.claims)
    if (!(values as readonly unknown[]).includes(ownClaim(claims, name) ?? null))
      throw invalidToken(`the token's \`${name}\` is not what is configured`);
  for (const name of rules.requiredClaims)
    if ([undefined, null, ""].includes(ownClaim(claims, name) as string | null | undefined))
      throw invalidToken(`the token needs the claim \`${name}\``);
  // A token bound to a sender's key is stolen in anyone else's hands, and that key is not seen here (RFC 7800, RFC 8705).
  if (Object.hasOwn(claims, "cnf")) throw invalidToken("the token is bound to its sender by `cnf`");
  if (isObject(events) && Object.hasOwn(events, "http://schemas.openid.net/event/backchannel-logout"))
    throw invalidToken("a logout token is no session (RFC 8725 section 3.12)");
}

const ownClaim = (claims: JsonObject, name: string): unknown =>
  Object.hasOwn(claims, name) ? claims[name] : undefined;

/** Checks the token's times against `now`, and returns those of its end, which may be past. */
export function checkTimes({ exp, nbf, iat }: JsonObject, rules: ClaimRules, now: number): TokenTimes {
  const { clockTolerance, maxTokenAge } = rules;
  if (!isDate(exp)) throw invalidToken("the token needs an `exp` that is a number of seconds before the year 10000");
  if (nbf !== undefined && !(isDate(nbf) && nbf <= now + clockTolerance))
    throw invalidToken("the token's `nbf` must be a number of seconds in the past");
  if (iat === undefined ? maxTokenAge !== undefined : !(isDate(iat) && iat <= now + clockTolerance))
    throw invalidToken("the token's `iat` must be a number of seconds in the past");
  const expiresAt = maxTokenAge === undefined ? exp : Math.min(exp, (iat as number) + maxTokenAge);
  return { expiresAt, end: expiresAt + clockTolerance };
}

/** Seconds since 1970. */
export interface TokenTimes {
  /** `exp`, or the end of the token's greatest age. */
  readonly expiresAt: number;
  /** From when on the token is refused: the clocks' tolerance later. */
  readonly end: number;
}

const expired = new UserMetaError("token_expired", "refresh the session and try again"); // one, as in invalidToken

/** Throws `token_expired`. Only for verified tokens: it tells a client to refresh what it really had. */
export function checkExpiry(end: number, now: number): void {
  if (end <= now) throw expired;
}

/** Whether a claim is a NumericDate (RFC 7519 section 2) that every date library can show; 1e400 would never end. */
function isDate(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) < 253_402_300_800; // the year 10000
}
