import { isObject, type Json } from "./json.ts";

/** The reference tokens of a JSON Pointer, or `undefined` when it is not one (RFC 6901 section 3). */
export function parsePointer(pointer: string): readonly string[] | undefined {
  if (!/^(?:\/(?:[^~/]|~[01])*)*$/.test(pointer)) return undefined;
  return pointer
    .split("/")
    .slice(1)
    .map((token) => token.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The value that reference tokens lead to, or `undefined` when there is none. Inherited members do not count. */
export function valueAt(value: Json, tokens: readonly string[]): Json | undefined {
  let found: Json | undefined = value;
  for (const token of tokens) {
    const isMember: boolean = Array.isArray(found) ? /^(?:0|[1-9]\d*)$/.test(token) : isObject(found);
    found = isMember && Object.hasOwn(found as object, token) ? (found as Record<string, Json>)[token] : undefined;
  }
  return found;
}
