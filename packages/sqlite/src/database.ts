import { createRequire } from "node:module";
import { setTimeout } from "node:timers/promises";
import { invalidConfig, UserMetaError } from "@usermeta/core";

/** What the store needs of a prepared statement; better-sqlite3's and node:sqlite's both have it. */
export interface SqliteStatement {
  get(...values: (string | number)[]): unknown;
  all(...values: (string | number)[]): unknown[];
  run(...values: (string | number | null)[]): { changes: number | bigint };
}

/** What the store needs of a database; a better-sqlite3 `Database` and a node:sqlite `DatabaseSync` both have it. */
export interface SqliteDatabase {
  prepare(sql: string): SqliteStatement;
  exec(sql: string): unknown;
  close(): unknown;
}

/** The libraries that can open a file. */
export type SqliteDriver = "better-sqlite3" | "node:sqlite";

/** Milliseconds that SQLite itself waits for a lock: the event loop stands still meanwhile. */
const blockingWait = 5;
/** Milliseconds that an operation waits for a lock altogether: it must answer before core gives up after 2,000. */
const patience = 1_500;
/** Milliseconds that opening waits for a lock. */
const openingPatience = 10_000;

/** Opens a file in WAL mode. Throws `invalid_config`; `store_unavailable` when another process keeps it locked. */
export function openFile(file: string, durability: "full" | "normal", driver?: SqliteDriver): SqliteDatabase {
  // "" would be a temporary database, and the two drivers do not agree on URIs.
  if (file === "" || file.startsWith("file:")) throw invalidConfig('sqliteStore needs a path, e.g. "usermeta.db"');
  if (driver !== undefined && driver !== "better-sqlite3" && driver !== "node:sqlite")
    throw invalidConfig('driver must be "better-sqlite3" or "node:sqlite"');
  const Database = load(driver);
  return explained(file, () => {
    const database = create(Database, file);
    return closedOnFailure(database, () => {
      database.exec(`PRAGMA busy_timeout = ${blockingWait}`);
      // Switching to WAL fails at once, without waiting, when several processes open a fresh file.
      const { journal_mode: mode } = insistently(() => database.prepare("PRAGMA journal_mode = WAL").get()) as Pragma;
      if (mode !== "wal" && file !== ":memory:")
        throw invalidConfig(`${file} must be writable and on a local disk: SQLite cannot keep a write-ahead log there`);
      // Always written out: better-sqlite3 is compiled with NORMAL as its default.
      database.exec(`PRAGMA synchronous = ${durability}`);
      // A checkpoint every 4,000 pages of 4 KiB, not 1,000: it syncs the whole file, and the more often a page is written
      // between two, the less there is to copy.
      database.exec("PRAGMA wal_autocheckpoint = 4000");
      return database;
    });
  });
}
type Pragma = { readonly journal_mode: string };

function load(driver: SqliteDriver | undefined): new (file: string) => SqliteDatabase {
  if (driver !== "node:sqlite") {
    try {
      const Database = createRequire(import.meta.url)("better-sqlite3") as new (file: string) => SqliteDatabase;
      new Database(":memory:").close(); // loads its native part
      return Database;
    } catch (cause) {
      if (driver !== undefined) throw invalidConfig("better-sqlite3 cannot be loaded: install it for this Node", cause);
    }
  }
  const builtin = process.getBuiltinModule?.("node:sqlite");
  if (builtin === undefined) throw invalidConfig("sqliteStore needs better-sqlite3, or Node 22.13 or newer");
  return builtin.DatabaseSync;
}

function create(Database: new (file: string) => SqliteDatabase, file: string): SqliteDatabase {
  try {
    return new Database(file);
  } catch (cause) {
    // Whatever it is: better-sqlite3 throws a bare TypeError when the directory does not exist.
    throw closedTo(file, cause);
  }
}

const closedTo = (name: string, cause: unknown): UserMetaError =>
  invalidConfig(`${name} cannot be opened: let this process read and write it and its directory`, cause);

/** Runs `use`, and closes the database if that throws. */
export function closedOnFailure<T>(database: SqliteDatabase, use: () => T): T {
  try {
    return use();
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Runs `open`, and turns SQLite's errors into ones that say what to change. */
export function explained<T>(name: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    const result = resultOf(cause);
    if (result === "NOTADB") throw invalidConfig(`${name} is not an SQLite database: choose another path`, cause);
    if (isBusy(cause)) throw unavailable(cause);
    throw isOutOfReach(cause) ? closedTo(name, cause) : cause;
  }
}

/** One attempt at a time until no lock is in the way, blocking; for opening only. */
export function insistently<T>(attempt: () => T): T {
  for (const end = performance.now() + openingPatience; ; Atomics.wait(cell, 0, 0, 1 + Math.random() * 10)) {
    try {
      return attempt();
    } catch (error) {
      if (!isBusy(error) || performance.now() > end) throw error;
    }
  }
}
const cell = new Int32Array(new SharedArrayBuffer(4));

/** One attempt at a time until no lock is in the way, leaving the event loop to others. Rejects with `store_unavailable`. */
export async function patiently<T>(attempt: () => T): Promise<T> {
  const end = performance.now() + patience;
  for (let pause = 2; ; pause = Math.min(pause * 2, 32)) {
    try {
      return attempt();
    } catch (error) {
      if (isOutOfReach(error) || (isBusy(error) && performance.now() > end)) throw unavailable(error);
      if (!isBusy(error)) throw error;
    }
    await setTimeout(Math.random() * pause);
  }
}

/** Gives the way to run `work` between BEGIN IMMEDIATE and COMMIT. Throws `outcome_unknown` when the commit itself fails. */
export function transactions(database: SqliteDatabase): <T>(work: () => T) => T {
  const [begin, commit, rollback] = ["BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"].map((sql) => database.prepare(sql)) as [
    SqliteStatement,
    SqliteStatement,
    SqliteStatement,
  ];
  return (work) => {
    begin.run();
    let done = false;
    try {
      const result = work();
      done = true;
      commit.run();
      return result;
    } catch (cause) {
      try {
        rollback.run();
      } catch {
        // SQLite has rolled back by itself
      }
      // The log may hold the whole transaction although its sync failed: a recovery would bring it back.
      if (done && !isBusy(cause))
        throw new UserMetaError("outcome_unknown", "the commit failed and may have happened all the same", { cause });
      throw cause;
    }
  };
}

/** Primary result codes by number, which is how node:sqlite tells them. */
const results: Readonly<Record<number, string>> = {
  3: "PERM",
  5: "BUSY",
  6: "LOCKED",
  8: "READONLY",
  10: "IOERR",
  13: "FULL",
  14: "CANTOPEN",
  15: "PROTOCOL",
  26: "NOTADB",
};

/** SQLite's primary result code, e.g. `"BUSY"`; `undefined` for other errors. */
function resultOf(error: unknown): string | undefined {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  if (typeof errcode === "number") return results[errcode & 0xff];
  return typeof code === "string" ? /^SQLITE_([A-Z]+)/.exec(code)?.[1] : undefined;
}

const isOneOf =
  (...codes: readonly string[]) =>
  (error: unknown): boolean =>
    codes.includes(resultOf(error) ?? "");
const isBusy = isOneOf("BUSY", "LOCKED", "PROTOCOL");
const isOutOfReach = isOneOf("PERM", "READONLY", "IOERR", "FULL", "CANTOPEN");

const unavailable = (cause: unknown): UserMetaError =>
  new UserMetaError("store_unavailable", "the database is locked or out of reach; nothing was written", { cause });
