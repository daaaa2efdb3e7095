import { createHash, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { invalidConfig } from "@usermeta/core";

/** What an import came to, by rows. */
export interface Tally {
  /** Users that had no record. */
  readonly created: number;
  readonly changed: number;
  /** Users whose record says the same already, and rows without metadata. */
  readonly unchanged: number;
  /** Rows written by an earlier run that was killed before it could say so. */
  readonly repeated: number;
  readonly refused: number;
}

/** How far an import has come. */
export interface Position {
  /** Of the import, not of the process: every run that goes on with it has the same, and with it the same idempotency keys. */
  readonly run: string;
  /** Every row up to this one is durable in the store, or refused. */
  readonly row: number;
  readonly tally: Tally;
  /** A user of that stretch and its incarnation, by which the store is known again. */
  readonly witness?: { readonly userId: string; readonly incarnation: string };
}

/** Where the position of an import outlives the process. */
export interface Checkpoint {
  /** What an earlier run left; `undefined` when none did. */
  readonly found: Position | undefined;
  /** Resolves to nothing; returns once the position would survive a loss of power. */
  save(position: Position): void;
  /** After the last row, when the store is closed. */
  remove(): void;
}

/** No row done, under a name of its own. */
export function begin(): Position {
  return {
    run: randomBytes(12).toString("base64url"),
    row: 0,
    tally: { created: 0, changed: 0, unchanged: 0, repeated: 0, refused: 0 },
  };
}

/** For imports that cannot be resumed: dry runs and standard input. */
export const noCheckpoint: Checkpoint = { found: undefined, save: () => {}, remove: () => {} };

/**
 * A small file beside the source. `identity` is everything that makes it the same import: the source, the store, and what
 * is done with a row; another import has another file. Throws `invalid_config` when it cannot be written or is damaged.
 */
export function openCheckpoint(beside: string, identity: readonly string[]): Checkpoint {
  const digest = createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 12);
  const path = `${beside}.${digest}.checkpoint`;
  return {
    found: read(path),
    save: (position) => attempt(path, () => replace(path, JSON.stringify(position))),
    remove: () => attempt(path, () => rmSync(path, { force: true })),
  };
}

function read(path: string): Position | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw invalidConfig(`the checkpoint ${path} cannot be read`, error);
  }
  const position = attempt(path, () => JSON.parse(text) as Position);
  if (typeof position.run !== "string" || !Number.isSafeInteger(position.row))
    throw invalidConfig(`${path} is no checkpoint: remove it to begin again`);
  return position;
}

/** A rename is atomic: whoever reads finds the old position or the new one. */
function replace(path: string, text: string): void {
  const next = `${path}.next`;
  const file = openSync(next, "w");
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(next, path);
  const folder = openSync(dirname(path), "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function attempt<T>(path: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    throw invalidConfig(`the checkpoint ${path} cannot be used: remove it, or pass --checkpoint`, cause);
  }
}
