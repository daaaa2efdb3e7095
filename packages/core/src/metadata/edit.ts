import { UserMetaError } from "../errors.ts";
import type { Json } from "./json.ts";
import type { AnyDocuments } from "./record.ts";
import { type Scope, type StoredRecord, scopes } from "./store.ts";

/** What a change log entry says was done. */
export type ChangeKind = "update" | "replace" | "patch" | "clear" | "import" | "revert";

/** A write as a pure function of the documents it finds; it runs again when another write came first. */
export interface Edit {
  readonly kind: ChangeKind;
  /** What was asked for, to tell a repeated request from another one under the same idempotency key. */
  readonly request: Json;
  /** The scopes it touches, where that is known before it is applied. */
  readonly scopes?: readonly Scope[];
  /**
   * Sizes by rules of its own, in place of the application's limits: what a vendor's clients rely on. Gets the documents
   * that really change. Throws `scope_too_large`.
   */
  readonly checkSizes?: (changed: Partial<AnyDocuments>, before: AnyDocuments) => void;
  /** The new documents of the scopes it touches. Throws when it cannot be done. */
  apply(current: AnyDocuments, record: StoredRecord): Partial<AnyDocuments>;
}

/** An edit that empties scopes. What is stored as history stays. */
export function clearEdit(cleared: readonly Scope[]): Edit {
  for (const scope of cleared)
    if (!scopes.includes(scope)) throw new UserMetaError("invalid_request", `a scope must be ${scopes.join(", ")}`);
  return {
    kind: "clear",
    request: cleared,
    scopes: cleared,
    apply: () => Object.fromEntries(cleared.map((scope) => [scope, {}])),
  };
}
