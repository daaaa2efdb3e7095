import { type MetadataStore, UserMetaError } from "@usermeta/core";

/** A user id and a document as text. */
export type Row = readonly [userId: string, json: string];

/**
 * What people write without usermeta, on a table (user id, text) of its own beside usermeta's. No method checks versions
 * or keeps a log.
 */
export interface Rival {
  /** What its statements are, for the table. */
  readonly reading: string;
  readonly writing: string;
  /** Answers without promises. */
  readonly isBlocking?: boolean;
  fill(rows: readonly Row[]): Promise<void>;
  /** The text of a user, by the cheapest statement there is. */
  read(userId: string): string | Promise<string>;
  /** Replaces the text of a user, by the cheapest statement there is; durable when it returns. */
  write(userId: string, json: string): unknown;
  /** As SuperTokens does it: a transaction that locks the row, merges in JavaScript, and writes it back. */
  merge?(userId: string, changes: object): unknown;
}

/** A database that runs, with a new store and a rival in it. */
export interface RunningDatabase {
  /** Product and version. */
  readonly label: string;
  readonly store: MetadataStore;
  readonly rival?: Rival;
  /** Stops store, rival and server. */
  stop(): Promise<void>;
}

/** A kind of database. */
export interface Database {
  readonly name: string;
  /** Fewer users than others, where writing is slow. */
  readonly users?: number;
  /** Resolves to the reason where it cannot run on this machine. */
  start(): Promise<RunningDatabase | string>;
}

/** SuperTokens' merge: root keys are replaced. */
export const merged = (json: string, changes: object): string =>
  JSON.stringify({ ...(JSON.parse(json) as object), ...changes });

/** For measuring metadata alone. */
export const noVerifier = (): never => {
  throw new UserMetaError("invalid_token", "there are no sessions here");
};
