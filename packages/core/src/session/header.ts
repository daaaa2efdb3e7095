import type { Json, JsonObject } from "../metadata/json.ts";
import { readPart, splitCompact } from "./compact.ts";
import { invalidToken } from "./refusal.ts";

/** The part of a header that verification goes by. */
export interface TokenHeader {
  readonly alg: string;
  readonly kid: string | undefined;
}

/** What a token may call itself when `typ` is not configured; logout tokens, DPoP proofs and the like are no sessions. */
const sessionTypes = ["JWT", "at+jwt"];

/** Headers that are remembered: an issuer writes as many as it has keys. */
const maxHeaders = 100;

/**
 * Reads and checks the headers of tokens; one that was good is known again by its text. Throws `invalid_token`.
 *
 * @returns a function of the whole token
 */
export function headerReader(algorithms: readonly string[], typ: string | undefined): (token: string) => TokenHeader {
  const good = new Map<string, TokenHeader>();
  /** Most tokens begin like the one before. */
  let latest: { readonly start: string; readonly header: TokenHeader } | undefined;
  return (token) => {
    if (latest !== undefined && token.startsWith(latest.start)) return latest.header;
    const { header: part } = splitCompact(token);
    let header = good.get(part);
    if (header === undefined) {
      header = checkHeader(readPart(part), algorithms, typ);
      if (good.size >= maxHeaders) good.clear(); // anybody can make up headers
      good.set(part, header);
    }
    latest = { start: `${part}.`, header };
    return header;
  };
}

/**
 * Checks the protected header: the algorithm is one of ours, exactly; nothing is critical; the type fits. `jwk`, `jku`,
 * `x5u` and `x5c` are not looked at: a token does not bring its own key (CVE-2018-0114, RFC 8725 section 3.10).
 */
function checkHeader(header: JsonObject, algorithms: readonly string[], typ: string | undefined): TokenHeader {
  const { alg, kid, typ: given } = header;
  if (typeof alg !== "string" || !algorithms.includes(alg)) throw invalidToken("the algorithm is not one in use here");
  // No extension is understood here, so each is refused, and an unencoded payload too (RFC 7515 section 4.1.11, RFC 7797).
  if (Object.hasOwn(header, "crit") || Object.hasOwn(header, "b64"))
    throw invalidToken("the token's header must not have `crit` or `b64`");
  if (kid !== undefined && typeof kid !== "string") throw invalidToken("the token's `kid` must be a string");
  if (!(given === undefined ? typ === undefined : fits(given, typ === undefined ? sessionTypes : [typ])))
    throw invalidToken("the token's `typ` is not that of a session token (RFC 8725 section 3.11)");
  return { alg, kid };
}

function fits(typ: Json, types: readonly string[]): boolean {
  return typeof typ === "string" && types.some((type) => subtype(type) === subtype(typ));
}

/** A media type without case and without the prefix that `typ` may leave out (RFC 7515 section 4.1.9). */
const subtype = (type: string): string => type.toLowerCase().replace(/^application\//, "");
