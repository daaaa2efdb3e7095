import type { Json, JsonObject } from "./json.ts";
import type { AnyDocuments } from "./record.ts";
import type { Scope, StoredRecord } from "./store.ts";

/** What a change log entry says was done. */
export type ChangeKind = "update" | "replace" | "patch" | "clear" | "import" | "revert";

/** A write as a pure function of the documents it finds; it runs again when another write came first. */
export interface Edit {
  readonly kind: ChangeKind;
  /** What was asked for, to tell a repeated request from another one under the same idempotency key. */
  readonly request: Json;
  /** The new documents of the scopes it touches. Throws when it cannot be done. */
  apply(current: AnyDocuments, record: StoredRecord): Partial<AnyDocuments>;
}

/** An edit that empties scopes. What is stored as history stays. */
export function clearEdit(cleared: readonly Scope[]): Edit {
  const empty: JsonObject = {};
  return {
    kind: "clear",
    request: cleared,
    apply: () => Object.fromEntries(cleared.map((scope) => [scope, empty])),
  };
}
