import { type ErrorCode, UserMetaError } from "../errors.ts";
import { countCodePoints, isObject, type Json, type JsonObject, pointerTo } from "./json.ts";

const maxKeyCharacters = 1024;

/**
 * Checks a value from code or from parsed text and returns a copy of it as plain JSON data; members that are undefined
 * are absent, `-0` is 0. A value is refused rather than changed: `invalid_value` (NaN, Infinity, bigint, function, Date,
 * class instance, cycle, hole), `invalid_string` (NUL, lone surrogate: RFC 7493 section 2.1), `forbidden_key`,
 * `key_too_long`, `too_deep` (more than `depth` nested objects and arrays).
 *
 * @param pointer where the value lies, for errors
 */
export function toJson(value: unknown, depth: number, pointer = ""): Json {
  return copy(value, depth, { outer: undefined, object: undefined, at: pointer });
}

/** An object or array that is being copied, and which of its members; outermost the pointer that was given. */
interface Frame {
  readonly outer: Frame | undefined;
  readonly object: object | undefined;
  at: string | number;
}

function copy(value: unknown, depth: number, frame: Frame): Json {
  switch (typeof value) {
    case "boolean":
      return value;
    case "string":
      checkText(value, frame);
      return value;
    case "number":
      if (!Number.isFinite(value)) throw refusal("invalid_value", "a number must be finite", frame);
      return value === 0 ? 0 : value;
    case "object":
      if (value === null) return null;
      if (isWithin(value, frame)) throw refusal("invalid_value", "a value must not contain itself", frame);
      if (depth === 0) throw refusal("too_deep", "the value must be nested less deeply", frame);
      return Array.isArray(value) ? copyArray(value, depth, frame) : copyObject(value, depth, frame);
    default:
      throw refusal("invalid_value", "a value must be JSON data", frame);
  }
}

function isWithin(value: object, frame: Frame): boolean {
  for (let each: Frame | undefined = frame; each !== undefined; each = each.outer)
    if (each.object === value) return true;
  return false;
}

function copyArray(array: readonly unknown[], depth: number, outer: Frame): Json {
  const { length } = array;
  const result: Json[] = [];
  const frame: Frame = { outer, object: array, at: 0 };
  for (let i = 0; i < length; i++) {
    if (!Object.hasOwn(array, i)) throw refusal("invalid_value", "an array must have no holes", outer);
    frame.at = i;
    result.push(copy(array[i], depth - 1, frame));
  }
  if (Object.keys(array).length !== length)
    throw refusal("invalid_value", "an array must have no named members", outer);
  return result;
}

function copyObject(object: object, depth: number, outer: Frame): Json {
  // The prototype of a plain object is a root; comparing with this realm's Object.prototype would refuse other realms'.
  const prototype: unknown = Object.getPrototypeOf(object);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null)
    throw refusal("invalid_value", "an object must be a plain one", outer);
  if (Object.getOwnPropertySymbols(object).length > 0)
    throw refusal("invalid_value", "an object must have no symbol keys", outer);
  const result: Record<string, Json> = {};
  const frame: Frame = { outer, object, at: "" };
  for (const [key, member] of Object.entries(object)) {
    if (member === undefined) continue;
    checkKey(key, member, outer);
    frame.at = key;
    result[key] = copy(member, depth - 1, frame);
  }
  return result;
}

function checkKey(key: string, member: unknown, object: Frame): void {
  if (countCodePoints(key) > maxKeyCharacters)
    throw refusal("key_too_long", "a key must have at most 1,024 characters", object);
  checkText(key, object);
  // CWE-1321: other programs may merge these into a prototype
  if (key === "__proto__" || (key === "constructor" && isObject(member) && Object.hasOwn(member, "prototype")))
    throw refusal("forbidden_key", "__proto__, and constructor holding prototype, are not allowed as keys", object);
}

function checkText(text: string, frame: Frame): void {
  if (!text.isWellFormed() || text.includes("\0"))
    throw refusal("invalid_string", "text must hold no NUL and no lone surrogate", frame);
}

function refusal(code: ErrorCode, message: string, frame: Frame): UserMetaError {
  return new UserMetaError(code, message, { pointer: pointerOf(frame) });
}

const pointerOf = ({ outer, at }: Frame): string =>
  outer === undefined ? String(at) : pointerTo(pointerOf(outer), at);

/** The value as an object, or `not_an_object`. */
export function toObject(value: Json | undefined, pointer: string): JsonObject {
  if (!isObject(value)) throw new UserMetaError("not_an_object", "a JSON object is required here", { pointer });
  return value;
}
