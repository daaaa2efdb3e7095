import { UserMetaError } from "../errors.ts";
import type { Edit } from "./edit.ts";
import { isObject, type Json, type JsonObject, pointerTo } from "./json.ts";
import type { ResolvedLimits } from "./limits.ts";
import type { AnyDocuments, Documents } from "./record.ts";
import { type Scope, type StoredRecord, scopes } from "./store.ts";
import { toJson, toObject } from "./value.ts";

/** How changes meet what is stored; see the table in {@link mergeDocument}. */
export type Merge = "shallow" | "deep" | "replace";
/** Every way to merge there is. */
export const merges: readonly Merge[] = ["shallow", "deep", "replace"];

/** Changes for `merge: "shallow"`: root keys to replace whole; `null` removes one that is optional. */
export type ShallowChanges<D extends Documents> = { readonly [S in Scope]?: Shallow<D[S]> };
type Shallow<T> = { readonly [K in keyof T]?: T[K] | Removal<T, K> };

/** Changes for `merge: "deep"` (RFC 7396): objects merge at every level; `null` removes what is optional; arrays are whole. */
export type DeepChanges<D extends Documents> = { readonly [S in Scope]?: Deep<D[S]> };
type Deep<T> = T extends readonly unknown[] | null | string | number | boolean | undefined
  ? T
  : { readonly [K in keyof T]?: Deep<T[K]> | Removal<T, K> };

type Removal<T, K extends keyof T> = Record<never, never> extends Pick<T, K> ? null : never;

/**
 * One scope's new document:
 * - `"shallow"`: root keys are replaced whole, a root `null` removes, nested `null` is data (SuperTokens)
 * - `"deep"`: JSON Merge Patch, RFC 7396; nulls in arrays are data (Clerk, Hanko)
 * - `"replace"`: the changes are the document; nulls are data (Clerk's `user.update`)
 */
export function mergeDocument(merge: Merge, current: JsonObject, changes: JsonObject): JsonObject {
  if (merge === "replace") return changes;
  if (merge === "deep") return mergePatch(current, changes) as JsonObject;
  return Object.fromEntries(Object.entries({ ...current, ...changes }).filter(([key]) => changes[key] !== null));
}

function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key];
    else result[key] = mergePatch(Object.hasOwn(result, key) ? result[key] : undefined, value);
  return result;
}

/** An edit that merges changes, as `update` and the `PATCH` and `PUT` routes take them. */
export function mergeEdit(
  merge: Merge,
  changes: unknown,
  limits: ResolvedLimits,
  writable: readonly Scope[] = scopes,
): Edit {
  const checked = toChanges(changes, limits, writable);
  return {
    kind: merge === "replace" ? "replace" : "update",
    request: [merge, checked],
    scopes: Object.keys(checked) as Scope[],
    apply: (current) => mergeDocuments(merge, current, checked),
  };
}

/** An edit whose changes depend on the record; `change` runs again on every retry. */
export function functionEdit(merge: Merge, change: (record: StoredRecord) => unknown, limits: ResolvedLimits): Edit {
  return {
    kind: merge === "replace" ? "replace" : "update",
    request: [merge],
    apply: (current, record) => {
      const changes = change(record);
      // Refused below, like anything that is no JSON; that nobody waits for it must not end the process.
      if (changes instanceof Promise) changes.catch(() => undefined);
      return mergeDocuments(merge, current, toChanges(changes, limits, scopes));
    },
  };
}

function mergeDocuments(merge: Merge, current: AnyDocuments, changes: Partial<AnyDocuments>): Partial<AnyDocuments> {
  const result: { -readonly [S in Scope]?: JsonObject } = {};
  for (const scope of scopes) {
    const change = changes[scope];
    if (change !== undefined) result[scope] = mergeDocument(merge, current[scope], change);
  }
  return result;
}

/** Checks `{ scope: {…} }`: `not_an_object`, `unknown_member`, `scope_forbidden`, and the rules of {@link toJson}. */
function toChanges(value: unknown, limits: ResolvedLimits, writable: readonly Scope[]): Partial<AnyDocuments> {
  const changes = toObject(toJson(value, limits.depth + 1), "");
  for (const name of Object.keys(changes)) {
    const pointer = pointerTo("", name);
    if (!scopes.includes(name as Scope))
      throw new UserMetaError("unknown_member", `only ${writable.join(", ")} can be named here`, { pointer });
    checkWritable(name as Scope, writable, pointer);
  }
  for (const name of Object.keys(changes)) toObject(changes[name], pointerTo("", name));
  return changes as Partial<AnyDocuments>;
}

/** Throws `scope_forbidden` for a scope that whoever asks may not write. */
export function checkWritable(scope: Scope, writable: readonly Scope[], pointer: string): void {
  if (!writable.includes(scope))
    throw new UserMetaError("scope_forbidden", `only ${writable.join(", ")} can be written here`, { pointer });
}
