import { UserMetaError } from "../errors.ts";
import type { Edit } from "./edit.ts";
import { isEqual, isObject, type Json, pointerTo } from "./json.ts";
import { checkSize, type ResolvedLimits } from "./limits.ts";
import { checkWritable } from "./merge.ts";
import { parsePointer, valueAt } from "./pointer.ts";
import type { AnyDocuments } from "./record.ts";
import { type Scope, scopes } from "./store.ts";
import { toJson, toObject } from "./value.ts";

/** One operation of RFC 6902. Paths begin with a scope: `"/unsafe/theme"`. */
export type PatchOperation =
  | { readonly op: "add" | "replace" | "test"; readonly path: string; readonly value: Json }
  | { readonly op: "remove"; readonly path: string }
  | { readonly op: "move" | "copy"; readonly from: string; readonly path: string };

const maxOperations = 100;

/**
 * An edit by a JSON Patch. Every `path` and `from`, whatever the operation, must lie at or below a writable scope, so
 * that `test` and `copy` cannot tell what `private` holds. Limits hold after each operation, so that copies of copies
 * cannot grow without bound. Members that RFC 6902 does not define are ignored, as its section 4 demands.
 */
export function patchEdit(operations: unknown, limits: ResolvedLimits, writable: readonly Scope[] = scopes): Edit {
  const checked = toJson(operations, limits.depth + 2);
  if (!Array.isArray(checked)) throw invalid("a JSON Patch must be an array of operations", "");
  if (checked.length > maxOperations) throw invalid(`at most ${maxOperations} operations can be sent at once`, "");
  const steps = checked.map((operation: Json, index) => toStep(operation, writable, pointerTo("", index)));
  return {
    kind: "patch",
    request: checked,
    scopes: [...new Set(steps.flatMap(({ touched }) => touched))],
    apply: (current) => {
      const documents = structuredClone(current);
      // Operations work in place, on values as well, so each run gets copies of its own.
      for (const { operation, touched, pointer } of structuredClone(steps)) {
        applyOperation(documents, operation, pointer);
        for (const scope of touched) {
          toJson(toObject(documents[scope], pointer), limits.depth, pointerTo("", scope));
          checkSize(limits, scope, documents[scope], current[scope]);
        }
      }
      return Object.fromEntries(steps.flatMap(({ touched }) => touched.map((scope) => [scope, documents[scope]])));
    },
  };
}

/** An operation that is known to be well-formed; `value` is null where there is none. */
interface Operation {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: string;
  readonly from?: string;
  readonly value: Json;
}

interface Step {
  readonly operation: Operation;
  /** The scopes it changes. */
  readonly touched: readonly Scope[];
  /** Where the operation stands in the patch. */
  readonly pointer: string;
}

function toStep(operation: Json, writable: readonly Scope[], pointer: string): Step {
  if (!isObject(operation)) throw invalid("an operation must be an object", pointer);
  const { op, path, from, value } = operation;
  const target = scopeOf(path, writable, pointerTo(pointer, "path"));
  switch (op) {
    case "add":
    case "replace":
    case "test":
      if (value === undefined) throw invalid("the operation needs a value", pointer);
      return {
        operation: { op, path: path as string, value },
        touched: op === "test" ? [] : [target],
        pointer,
      };
    case "remove":
      return { operation: { op, path: path as string, value: null }, touched: [target], pointer };
    case "move":
    case "copy": {
      const source = scopeOf(from, writable, pointerTo(pointer, "from"));
      return {
        operation: { op, from: from as string, path: path as string, value: null },
        touched: op === "move" ? [...new Set([source, target])] : [target],
        pointer,
      };
    }
    default:
      throw invalid("op must be add, remove, replace, move, copy or test", pointerTo(pointer, "op"));
  }
}

/** The scope that a pointer lies in. */
function scopeOf(path: Json | undefined, writable: readonly Scope[], pointer: string): Scope {
  const tokens = typeof path === "string" ? parsePointer(path) : undefined;
  const scope = tokens?.[0] as Scope;
  if (tokens === undefined || !scopes.includes(scope))
    throw invalid("a path must be a JSON Pointer into a scope", pointer);
  checkWritable(scope, writable, pointer);
  if (tokens.includes("__proto__"))
    throw new UserMetaError("forbidden_key", "__proto__ is not allowed as a key", { pointer });
  return scope;
}

/** Carries out one operation in place. The rules are RFC 6902 section 4, those of array indices RFC 6901 section 4. */
function applyOperation(documents: AnyDocuments, { op, path, from, value }: Operation, pointer: string): void {
  const target = tokensOf(path);
  const source = from === undefined ? target : tokensOf(from);
  const found = valueAt(documents, source);
  if (op === "test") {
    if (found === undefined || !isEqual(found, value)) throw testFailed(pointer);
    return;
  }
  if (op !== "add" && found === undefined) throw invalid("the operation's target must exist", pointer);
  // Section 4.4: a location cannot be moved into one of its children.
  if (op === "move" && target.length > source.length && source.every((token, i) => token === target[i]))
    throw invalid("a value cannot be moved into itself", pointer);
  if (op === "remove" || op === "move") removeAt(documents, source);
  if (op === "replace") setAt(documents, target, value);
  if (op === "add") insertAt(documents, target, value, pointer);
  if (op === "copy") insertAt(documents, target, structuredClone(found as Json), pointer);
  if (op === "move") insertAt(documents, target, found as Json, pointer);
}

type Mutable = Json[] | Record<string, Json>;
const tokensOf = (path: string): readonly string[] => parsePointer(path) ?? [];
const parentOf = (documents: AnyDocuments, tokens: readonly string[]): Mutable | undefined =>
  valueAt(documents, tokens.slice(0, -1)) as Mutable | undefined;

function insertAt(documents: AnyDocuments, tokens: readonly string[], value: Json, pointer: string): void {
  const parent = parentOf(documents, tokens);
  const key = tokens.at(-1) as string;
  if (!Array.isArray(parent)) {
    if (!isObject(parent)) throw invalid("the operation's target must lie in an object or an array", pointer);
    parent[key] = value;
  } else if (key === "-") parent.push(value);
  else if (/^(?:0|[1-9]\d*)$/.test(key) && Number(key) <= parent.length) parent.splice(Number(key), 0, value);
  else throw invalid("an index must be a number within the array, or -", pointer);
}

function setAt(documents: AnyDocuments, tokens: readonly string[], value: Json): void {
  (parentOf(documents, tokens) as Record<string, Json>)[tokens.at(-1) as string] = value;
}

function removeAt(documents: AnyDocuments, tokens: readonly string[]): void {
  const parent = parentOf(documents, tokens);
  const key = tokens.at(-1) as string;
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete (parent as Record<string, Json>)[key];
}

const invalid = (message: string, pointer: string): UserMetaError =>
  new UserMetaError("invalid_patch", message, { pointer });
const testFailed = (pointer: string): UserMetaError =>
  new UserMetaError("patch_test_failed", "the record does not hold what the operation tests for", { pointer });
