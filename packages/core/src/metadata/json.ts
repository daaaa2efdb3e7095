/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
/** A JSON object: what every scope is. */
export type JsonObject = { readonly [key: string]: Json };

/** Whether a JSON value is an object (not an array, not null). */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * Compact JSON text in ASCII: whatever is above U+007F is written as `\uXXXX`. Stored text stays a one-byte string from
 * the database to the socket, which is up to seven times faster than a two-byte one.
 */
export function stringify(value: unknown): string {
  return toAscii(JSON.stringify(value));
}

/** Escapes what is above U+007F in a JSON text. */
export function toAscii(text: string): string {
  return text.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The length of a document as limits count it: Unicode code points of its compact JSON, unescaped. */
export function countCharacters(document: JsonObject): number {
  return countCodePoints(JSON.stringify(document));
}

const surrogates = /[\ud800-\udfff]/;

/** Unicode code points of well-formed text. */
export function countCodePoints(text: string): number {
  let count = text.length;
  if (!surrogates.test(text)) return count; // at no cost where no character takes two bytes
  for (let i = 0; i < text.length; i++) if ((text.charCodeAt(i) & 0xfc00) === 0xd800) count--; // a pair is one
  return count;
}

/** Whether two JSON values are equal; the order of keys does not matter. */
export function isEqual(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a))
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => isEqual(item, b[i] as Json));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key] as Json, b[key] as Json));
}

/** One more step of a JSON Pointer (RFC 6901). */
export function pointerTo(parent: string, key: string | number): string {
  const token = String(key);
  return `${parent}/${/[~/]/.test(token) ? token.replaceAll("~", "~0").replaceAll("/", "~1") : token}`;
}
