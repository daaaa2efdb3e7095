import { JSONPatch, JSONPatchTestFailure, type OpObject } from "json-p3";
import { UserMetaError } from "../errors.ts";
import type { Edit } from "./edit.ts";
import { isObject, type Json, pointerTo } from "./json.ts";
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
    apply: (current) => {
      let documents = structuredClone(current);
      // The library works in place: each run gets copies of its own.
      for (const { operation, touched, pointer } of structuredClone(steps)) {
        documents = applyOperation(documents, operation, pointer);
        for (const scope of touched) {
          toJson(toObject(documents[scope], pointer), limits.depth);
          checkSize(limits, scope, documents[scope], current[scope]);
        }
      }
      return Object.fromEntries(steps.flatMap(({ touched }) => touched.map((scope) => [scope, documents[scope]])));
    },
  };
}

interface Step {
  readonly operation: OpObject;
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
        operation: { op, path: path as string, value: value as never },
        touched: op === "test" ? [] : [target],
        pointer,
      };
    case "remove":
      return { operation: { op, path: path as string }, touched: [target], pointer };
    case "move":
    case "copy": {
      const source = scopeOf(from, writable, pointerTo(pointer, "from"));
      return {
        operation: { op, from: from as string, path: path as string },
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

function applyOperation(documents: AnyDocuments, operation: OpObject, pointer: string): AnyDocuments {
  const { op, path, from } = operation;
  // Looked up here, because the library also resolves `#key`, which RFC 6901 does not know.
  const found = valueAt(documents, parsePointer(from ?? path) ?? []);
  if (found === undefined && op !== "add")
    throw op === "test" ? testFailed(pointer) : invalid("the operation's target must exist", pointer);
  // RFC 6902 section 4.5 defines a copy as this addition; the library's own would be the same object twice.
  const step = op === "copy" ? { op: "add", path, value: structuredClone(found) as never } : operation;
  try {
    return new JSONPatch([step]).apply(documents as never) as unknown as AnyDocuments;
  } catch (error) {
    if (error instanceof JSONPatchTestFailure) throw testFailed(pointer);
    throw invalid("the operation cannot be applied to the record", pointer);
  }
}

const invalid = (message: string, pointer: string): UserMetaError =>
  new UserMetaError("invalid_patch", message, { pointer });
const testFailed = (pointer: string): UserMetaError =>
  new UserMetaError("patch_test_failed", "the record does not hold what the operation tests for", { pointer });
