import type { Term } from "./query.ts";

/** The three scopes. Users read `public` and `unsafe`, and write `unsafe` only; `private` never leaves the server. */
export type Scope = "public" | "private" | "unsafe";
/** The scopes in the order in which everything lists them. */
export const scopes: readonly Scope[] = ["public", "private", "unsafe"];

/** One scope as a store keeps it. A scope that was never written has version 0, `"{}"` and time 0. */
export interface StoredScope {
  /** Core's own JSON text: compact, ASCII. A store keeps and returns it unchanged, character for character. */
  readonly json: string;
  /** The record's version at this scope's last change. */
  readonly version: number;
  /** Time of that change, in milliseconds since 1970. */
  readonly updatedAt: number;
}

/** One user's record as a store keeps it. */
export interface StoredRecord extends Readonly<Record<Scope, StoredScope>> {
  readonly userId: string;
  /** 16 hexadecimal characters given by the record's first write, so that erase and recreate never look alike. */
  readonly incarnation: string;
  /** The highest version of its scopes; at least 1. */
  readonly version: number;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
}

/** One entry of the change log as a store keeps it. */
export interface StoredChange {
  /** Random, or derived from the idempotency key; at most 64 ASCII characters, unique per user. */
  readonly id: string;
  /** The record's version after the change: one more than the change before it, without gaps. */
  readonly version: number;
  /** Milliseconds since 1970. Clocks may go back: a store may trim by age up to the first entry that is young enough. */
  readonly at: number;
  /** Tells a repeated request from another one under the same idempotency key; at most 64 ASCII characters. */
  readonly digest: string;
  /** The rest of the entry, core's own ASCII JSON text; `null` when no history is kept of it. */
  readonly json: string | null;
}

/** How much of a user's change log a write leaves. Trimmed entries keep `id`, `version`, `at` and `digest` while among the last 256. */
export interface Retention {
  /** Entries to keep, newest first. */
  readonly entries: number;
  /** Entries older than this are trimmed, in milliseconds since 1970. */
  readonly since: number;
}

/** One compare-and-set: the record and its change entry are written in the same atomic step, or not at all. */
export interface Put {
  readonly next: StoredRecord;
  /** What the record must be now; `undefined`: there must be none. */
  readonly expected: Pick<StoredRecord, "incarnation" | "version"> | undefined;
  readonly change: StoredChange;
  readonly retention: Retention;
}

/**
 * - `"written"`: durable, in the class the store documents
 * - `"conflict"`: the record is not the expected one; nothing was written
 * - `"unknown"`: the connection broke at a moment that leaves both possible; core sends the same put again
 * - `{ duplicate }`: a change with this id is among the user's last 256, or more of them (checked before the version); nothing was written
 */
export type PutResult =
  | "written"
  | "conflict"
  | "unknown"
  | { readonly duplicate: Pick<StoredChange, "version" | "digest"> };

/** A page of records: those that satisfy every term, by the UTF-8 bytes of their user ids, ascending. */
export interface ListQuery {
  readonly where: readonly Term[];
  /** Only users after this one. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** A page of one user's change log, newest first. */
export interface HistoryQuery {
  /** Only changes with a lower version. */
  readonly before?: number | undefined;
  readonly limit: number;
}

/**
 * The only place that knows a database. Semantics live in core: a store keeps text under (namespace, user id), compares
 * user ids byte for byte, and does each put as one compare-and-set.
 *
 * A store rejects with `store_unavailable` when its database cannot be reached and nothing was written, and with
 * `not_supported` or `unindexed_path` where it cannot answer. `testStore` of `@usermeta/testkit` is its contract.
 */
export interface MetadataStore {
  /** The largest record it can keep: bytes of the three JSON texts together. */
  readonly maxRecordBytes: number;
  /** The latest acknowledged records, in the order asked for; `undefined` for users without one. At most 100 distinct ids. */
  read(userIds: readonly string[]): Promise<readonly (StoredRecord | undefined)[]>;
  /** At most 100 puts of distinct users, each its own compare-and-set; results in the same order. A rejection means that none was written. */
  write(puts: readonly Put[]): Promise<readonly PutResult[]>;
  /** Removes the record, its change log and its change ids. */
  erase(userId: string): Promise<void>;
  list(query: ListQuery): Promise<readonly StoredRecord[]>;
  /** Entries whose `json` is kept. */
  history(userId: string, query: HistoryQuery): Promise<readonly StoredChange[]>;
  /** Tells of writes of other processes; `"gap"` when some may have been missed. Returns the way to stop. */
  watch?(listener: (event: { readonly userId: string } | "gap") => void): () => void;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  /** Resolves when everything is released; later calls reject. */
  close(): Promise<void>;
}
