import type { JsonObject } from "./json.ts";
import { type Scope, type StoredRecord, type StoredScope, scopes } from "./store.ts";

/** The types of the three scopes, as an application's schemas describe them; any JSON objects by default. */
export type Documents = { readonly [S in Scope]: object };
/** Scopes without schemas. */
export type AnyDocuments = { readonly [S in Scope]: JsonObject };

/**
 * What is known about one user. A user nobody wrote about has version 0, empty scopes and null times.
 * Scopes are `Partial`: one may never have been written.
 */
export interface UserRecord<D extends Documents = AnyDocuments> {
  readonly userId: string;
  /** Users read it, the server writes it; may be put into session tokens. */
  readonly public: Partial<D["public"]>;
  /** The server's own; never leaves it. */
  readonly private: Partial<D["private"]>;
  /** Users read and write it: never trust it. */
  readonly unsafe: Partial<D["unsafe"]>;
  /** Each write that changes something adds one. */
  readonly version: number;
  /** For `ifMatch` and HTTP, e.g. `"\"5f1c0a9e3b7d2468.3\""`; `"\"0\""` for an unknown user. */
  readonly etag: string;
  /** ISO 8601 time of the first write. */
  readonly createdAt: string | null;
  /** ISO 8601 time of the last change. */
  readonly updatedAt: string | null;
}

/** The scopes that users see of themselves. What they get to know of a record is computed over these only. */
export const ownScopes: readonly Scope[] = ["public", "unsafe"];

const neverWritten: StoredScope = { json: "{}", version: 0, updatedAt: 0 };

/** What an unknown user's record looks like. */
export function emptyRecord(userId: string): StoredRecord {
  return {
    userId,
    incarnation: "",
    version: 0,
    createdAt: 0,
    public: neverWritten,
    private: neverWritten,
    unsafe: neverWritten,
  };
}

/** The version of a record as seen through some of its scopes: the highest of theirs. */
export function versionOf(record: StoredRecord, seen: readonly Scope[] = scopes): number {
  return seen.reduce((highest, scope) => Math.max(highest, record[scope].version), 0);
}

/** The entity tag of a record that nobody wrote. */
export const unknownEtag = '"0"';

/** The entity tag of a record as seen through some of its scopes, so that a write to the others never shows. */
export function etagOf(record: StoredRecord, seen: readonly Scope[] = scopes): string {
  const version = versionOf(record, seen);
  return version === 0 ? unknownEtag : `"${record.incarnation}.${version}"`;
}

/** ISO 8601 time of the last change to some of the scopes; `null` when there was none. */
export function updatedAtOf(record: StoredRecord, seen: readonly Scope[] = scopes): string | null {
  const time = seen.reduce((latest, scope) => Math.max(latest, record[scope].updatedAt), 0);
  return time === 0 ? null : new Date(time).toISOString();
}

/** ISO 8601 time of a record's first write; `null` for an unknown user. */
export function createdAtOf(record: StoredRecord): string | null {
  return record.version === 0 ? null : new Date(record.createdAt).toISOString();
}

/** The three documents of a record, parsed. */
export function parseDocuments(record: StoredRecord): AnyDocuments {
  return {
    public: JSON.parse(record.public.json) as JsonObject,
    private: JSON.parse(record.private.json) as JsonObject,
    unsafe: JSON.parse(record.unsafe.json) as JsonObject,
  };
}

/** A stored record as code gets it. */
export function toUserRecord<D extends Documents>(
  record: StoredRecord,
  documents: AnyDocuments = parseDocuments(record),
): UserRecord<D> {
  return {
    userId: record.userId,
    ...(documents as unknown as D),
    version: record.version,
    etag: etagOf(record),
    createdAt: createdAtOf(record),
    updatedAt: updatedAtOf(record),
  };
}
