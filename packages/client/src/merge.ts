import type { JsonObject } from "@usermeta/core";
import { UserMetaClientError } from "./error.ts";

/** How changes meet what is stored. */
export type Merge = "shallow" | "deep" | "replace";

/** What the server will make of `unsafe`, for showing it before the server has. */
export function mergeDocument(merge: Merge, current: JsonObject, changes: JsonObject): JsonObject {
  if (merge === "replace") return changes;
  const result: Record<string, unknown> = { ...current };
  for (const [key, value] of Object.entries(changes))
    if (value === null) delete result[key];
    else
      result[key] =
        merge === "deep" && isObject(value)
          ? mergeDocument(merge, isObject(result[key]) ? result[key] : {}, value)
          : value;
  return result as JsonObject;
}

/** Whether a value is an object (not an array, not null). */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * `next`, with every part that equals one of `last` taken from it: what did not change stays identical, so `last` itself
 * comes back when nothing did, and `next` when there is nothing to take.
 */
export function share<T>(last: unknown, next: T): T {
  if (!isContainer(last) || !isContainer(next) || Array.isArray(last) !== Array.isArray(next)) return next;
  const result: Record<string, unknown> = Array.isArray(next) ? ([] as never) : {};
  const keys = Object.keys(next);
  let isLast = keys.length === Object.keys(last).length;
  let isNext = true;
  for (const key of keys) {
    const before = Object.hasOwn(last, key) ? last[key] : undefined;
    result[key] = share(before, next[key]);
    isLast &&= Object.hasOwn(last, key) && result[key] === before;
    isNext &&= result[key] === next[key];
  }
  return isLast ? (last as T) : isNext ? next : (result as T);
}

const isContainer = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** JSON text; `invalid_value` for what JSON would change silently, e.g. NaN to null or a Date to a string. */
export function toText(value: unknown): string {
  return JSON.stringify(value, function (this: unknown, key, json: unknown) {
    const raw = (this as Record<string, unknown>)[key];
    const isPlain =
      typeof raw !== "object" ||
      raw === null ||
      Array.isArray(raw) ||
      [Object.prototype, null].includes(Object.getPrototypeOf(raw) as null);
    const isKept =
      typeof raw === "number"
        ? Number.isFinite(raw)
        : raw === undefined
          ? !Array.isArray(this)
          : /^(str|bool|obj)/.test(typeof raw);
    if (isPlain && isKept) return json;
    throw new UserMetaClientError(
      "invalid_value",
      `"${key}" must be plain JSON: no NaN, Infinity, bigint, Date, class instance, function or hole`,
    );
  });
}
