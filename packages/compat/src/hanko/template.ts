import { invalidConfig, type Json, type JsonObject, type TokenUser, UserMetaError } from "@usermeta/core";
import { isObject } from "@usermeta/core/routes";
import { compilePath, getPath } from "./gjson.ts";
import { compileTemplate, type Method, type Struct } from "./go-template.ts";

/** A claim that is ready to be rendered. Throws a `UserMetaError` when it cannot be. */
type Claim = (dot: Struct) => Json;

/**
 * Hanko's session token templates (`session.jwt_template.claims`), for the `claims` option of `@usermeta/issuer`. Text may
 * hold Go templates over `.User.UserID`, `.User.Metadata.Public "path"` and `.User.Metadata.Unsafe "path"`, with paths in
 * GJSON syntax; objects and arrays are gone through, other values stay. What is rendered to `true`, `false`, or a JSON
 * object or array becomes that; all else stays text, numbers too, and what is missing is `""`. A claim that fails, as every
 * one does that asks for the metadata of a user without any, is left out.
 *
 * Throws `invalid_config` at once for syntax of Go or GJSON that is theirs but not supported.
 *
 * ```ts
 * sessionIssuer({ …, claims: hankoTemplate({ plan: '{{ .User.Metadata.Public "plan" }}' }) })
 * ```
 */
export function hankoTemplate(claims: JsonObject): (user: TokenUser) => JsonObject {
  if (!isObject(claims)) throw invalidConfig("hankoTemplate takes an object of claims");
  const compiled = Object.entries(claims).map(([name, value]) => [name, tryOut(() => compile(value))] as const);
  const nobody = toDot({ userId: "", public: { a: 0 }, unsafe: { a: 0 }, mv: "" });
  for (const [, claim] of compiled) tryOut(() => claim?.(nobody));

  return (user) => {
    const dot = toDot(user);
    const entries = compiled.flatMap(([name, claim]) => {
      try {
        return claim === undefined ? [] : [[name, claim(dot)] as const];
      } catch (error) {
        if (error instanceof UserMetaError) return [];
        throw error;
      }
    });
    return Object.fromEntries(entries);
  };
}

/** `undefined` for what Go would refuse, too: Hanko leaves such a claim out. What only we refuse is thrown. */
function tryOut<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof UserMetaError && error.code === "invalid_value") return undefined;
    throw error;
  }
}

function compile(value: Json): Claim {
  if (typeof value === "string") {
    const template = compileTemplate(value);
    return (dot) => toValue(template(dot));
  }
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map(compile);
    return (dot) => items.map((item) => item(dot));
  }
  if (!isObject(value)) return () => value;
  const members = Object.entries(value).map(([name, member]) => [name, compile(member)] as const);
  return (dot) => Object.fromEntries(members.map(([name, member]) => [name, member(dot)]));
}

/** What a rendered text stands for (`parseClaimTemplateValue`). */
function toValue(text: string): Json {
  if (text === "true" || text === "false") return text === "true";
  if (!/^(?:\{.*\}|\[.*\])$/s.test(text)) return text;
  try {
    return JSON.parse(text) as Json;
  } catch {
    return text;
  }
}

/** The data of a template: `.User` as Hanko fills it for a user of whom nothing is known but metadata. */
function toDot({ userId, public: seen, unsafe }: TokenUser): Struct {
  const kinds = { public_metadata: whole(seen), unsafe_metadata: whole(unsafe) };
  const hasMetadata = kinds.public_metadata !== undefined || kinds.unsafe_metadata !== undefined;
  const methods = { Public: reader(kinds.public_metadata), Unsafe: reader(kinds.unsafe_metadata) };
  const metadata = hasMetadata ? { members: methods, text: JSON.stringify(kinds) } : null;
  const names = { name: "", family_name: "", given_name: "", picture: "" };
  const members = { Email: null, Username: "", Name: "", FamilyName: "", GivenName: "", Picture: "" };
  const user: Struct = {
    members: { ...members, UserID: userId, Metadata: metadata },
    text: JSON.stringify({ user_id: userId, username: "", ...(hasMetadata && { metadata: kinds }), ...names }),
  };
  return { members: { User: user }, text: "" };
}

/** An empty scope counts as none. */
const whole = (document: JsonObject): JsonObject | undefined =>
  Object.keys(document).length === 0 ? undefined : document;

/** `Public` or `Unsafe`: the text at a path, of the whole without one. */
const reader =
  (document: JsonObject | undefined): Method =>
  (...path) => {
    if (!path.every((part) => typeof part === "string"))
      throw new UserMetaError("invalid_value", "a path must be text");
    return toText(getPath(document, compilePath(path.join("."))));
  };

/** As GJSON's `String()`: numbers without an exponent, JSON as it is. */
function toText(value: Json | undefined): string {
  if (value === undefined || value === null) return "";
  if (typeof value === "number") return toDecimal(value);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function toDecimal(number: number): string {
  const [, sign = "", whole = "", fraction = "", exponent] = /^(-?)(\d)\.?(\d*)e([+-]\d+)$/.exec(String(number)) ?? [];
  if (exponent === undefined) return String(number);
  const digits = whole + fraction;
  const point = Number(exponent) + 1;
  return point > 0 ? `${sign}${digits.padEnd(point, "0")}` : `${sign}0.${"0".repeat(-point)}${digits}`;
}
