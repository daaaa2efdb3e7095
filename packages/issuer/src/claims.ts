import { invalidConfig, type Json, type JsonObject, type TokenUser, UserMetaError } from "@usermeta/core";
import { compileTemplate } from "./template.ts";

const own = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid", "mv"] as const;
const standard = ["azp", "nonce", "auth_time", "acr", "amr", "events", "cnf", "act", "may_act"] as const;
const clerks = ["v", "fva", "pla", "fea", "sts", "o"] as const;

/**
 * Claims that say who signed in, how, for whom and until when: neither a template nor a function may set them. They are the
 * issuer's own, those that RFC 7800 (`cnf`), RFC 8693 (`act`, `may_act`) and OpenID Connect give such a meaning, and Clerk's.
 */
export type ReservedClaim = (typeof own | typeof standard | typeof clerks)[number];

const reserved: ReadonlySet<string> = new Set([...own, ...standard, ...clerks]);

type Unreserved = { readonly [Name in ReservedClaim]?: never };

/**
 * Claims as a JSON object, with Clerk's shortcodes for values:
 *
 * | | |
 * |---|---|
 * | `"{{user.public_metadata.plan}}"` | the value with its type; null where there is none |
 * | `"{{user.unsafe_metadata}}"`, `"{{user.id}}"` | a whole scope, the user id |
 * | `"{{user.public_metadata.plan \|\| 'free'}}"` | the first that is neither null nor false, else the last: text, number, true, false |
 * | `"plan: {{user.public_metadata.plan}}"` | always text; null becomes "null" |
 */
export type ClaimTemplate = JsonObject & Unreserved;

/** Claims that a function makes; members that are undefined are absent. */
export type Claims = { readonly [claim: string]: Json | undefined } & Unreserved;

/** Makes the claims of a user's token. What it throws is what `issue` throws. */
export type ClaimFunction = (user: TokenUser) => Claims | Promise<Claims>;

/** A payload of more levels is one that `jwtVerifier` refuses. */
const maxDepth = 64;

/**
 * The custom claims of a user, as JSON within the budget. Throws `invalid_config`, here for a template, and when called for
 * a function: for a reserved claim, and for what is not JSON. When called: `claims_too_large`.
 *
 * @param budget bytes of UTF-8 of the claims' compact JSON
 */
export function claimSource(
  claims: ClaimTemplate | ClaimFunction,
  budget: number,
): (user: TokenUser) => Promise<JsonObject> {
  if (typeof claims === "function") return async (user) => checkSize(checkClaims(await claims(user)), budget);
  const render = compileTemplate(checkClaims(claims));
  const least = sizeOf(render({ userId: "", public: {}, unsafe: {}, mv: "0" }));
  if (least > budget)
    throw invalidConfig(`\`claims\` takes ${least} bytes for a user without metadata; \`budget\` allows ${budget}`);
  return async (user) => checkSize(render(user), budget);
}

/** The claims without members that are undefined. Throws `invalid_config`. */
function checkClaims(claims: unknown): JsonObject {
  if (!isPlain(claims)) throw invalidConfig("`claims` must be an object, or a function that returns one");
  const present = Object.entries(claims).filter(([, value]) => value !== undefined);
  for (const [name, value] of present) {
    if (reserved.has(name))
      throw invalidConfig(`the claim \`${name}\` is reserved: the issuer sets it, or nobody does`);
    if (name === "__proto__" || !isJson(value, new Set()))
      throw invalidConfig("`claims` must be JSON: no NaN, Date, class instance, function, cycle, hole or __proto__");
  }
  return Object.fromEntries(present) as JsonObject;
}

/** Whether a value is JSON as it is, so that writing it changes nothing. */
function isJson(value: unknown, ancestors: Set<unknown>): value is Json {
  if (value === null || typeof value === "boolean") return true;
  if (typeof value === "string") return value.isWellFormed();
  if (typeof value === "number") return Number.isFinite(value);
  const isArray = Array.isArray(value);
  if (ancestors.has(value) || !(isArray || isPlain(value))) return false;
  ancestors.add(value);
  const members = isArray ? Array.from<unknown>(value) : Object.values(value).filter((member) => member !== undefined);
  const areJson = members.every((member) => isJson(member, ancestors)); // a hole of an array is undefined here
  ancestors.delete(value);
  return areJson;
}

/** Whether a value is an object without a class. A plain object's prototype is a root, whatever realm it comes from. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function checkSize(claims: JsonObject, budget: number): JsonObject {
  const size = sizeOf(claims);
  if (size > budget) {
    const sizes = Object.entries(claims).map(([name, value]) => [name, sizeOf(value)] as const);
    const [name, bytes] = sizes.reduce((largest, one) => (one[1] > largest[1] ? one : largest));
    throw tooLarge(`the custom claims take ${size} bytes of ${budget}; the largest is ${quote(name)} with ${bytes}`);
  }
  for (const [name, value] of Object.entries(claims))
    if (!isWithin(value, maxDepth - 1)) throw tooLarge(`${quote(name)} makes a token of more than ${maxDepth} levels`);
  return claims;
}

const tooLarge = (message: string): UserMetaError => new UserMetaError("claims_too_large", message);

/** A function may take names out of metadata: what does not look like a claim's name is not shown. */
const quote = (name: string): string => (/^[\w:./#-]{1,64}$/.test(name) ? `\`${name}\`` : "a claim with an odd name");

const utf8 = new TextEncoder();
const sizeOf = (value: Json): number => utf8.encode(JSON.stringify(value)).length;

function isWithin(value: Json, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((member: Json) => isWithin(member, depth - 1));
}
