import { UserMetaError } from "@usermeta/core";

/** One row of a source: a line, an element of an array, a record of a table, a user of an API. */
export interface Entry {
  /** Its number in the source, from 1; what errors name and a resumed import goes on from. */
  readonly row: number;
  /** Bytes of its text, so that what waits in memory stays bounded. */
  readonly size: number;
  /** Its value, parsed when it is asked for: rows that are done already are never parsed again. Throws UserMetaError. */
  readonly read: () => unknown;
}

/** Where users come from. Rows arrive in the same order each time. */
export interface Source {
  /** Names it in reports and in the checkpoint: a path, or the address of an API. */
  readonly name: string;
  /** What one row is called: `"line"`, `"user"` … */
  readonly unit: string;
  /** Changes when the source does, so that an import is not resumed over another file. */
  readonly fingerprint: string;
  /** Rows after `done`, in groups of no particular size. */
  entries(done: number): AsyncIterable<readonly Entry[]>;
  /** How much of the source has been read: a share between 0 and 1, or `undefined` when its size is not known. */
  progress(): number | undefined;
}

/** The most bytes a row may have: it must fit into memory, several at a time. */
export const maxRowBytes: number = 4 * 1024 * 1024;

/** What ends an import: something is wrong with the source as a whole, and no row can be told from the next. */
export function unreadable(message: string, cause?: unknown): UserMetaError {
  return new UserMetaError("invalid_request", message, { cause });
}
