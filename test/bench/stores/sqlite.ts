import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type SqliteDatabase, type SqliteDriver, sqliteStore } from "@usermeta/sqlite";
import { type Database, merged, type Rival } from "./database.ts";

/** Opens a file without the store, by one of the libraries. */
export function openDatabase(file: string, driver: SqliteDriver, durability: "full" | "normal"): SqliteDatabase {
  const BetterSqlite3 = createRequire(import.meta.url)("better-sqlite3") as new (file: string) => SqliteDatabase;
  const database: SqliteDatabase = driver === "node:sqlite" ? new DatabaseSync(file) : new BetterSqlite3(file);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${durability}`);
  return database;
}

/** A new directory for database files. */
export const makeFolder = (): string => mkdtempSync(join(tmpdir(), "usermeta-bench-"));
/** Removes what {@link makeFolder} made, with everything in it. */
export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

const sqlite = (driver: SqliteDriver, durability: "full" | "normal"): Database => ({
  name: `SQLite by ${driver}, ${durability.toUpperCase()}`,
  start: async () => {
    const folder = makeFolder();
    const store = sqliteStore(join(folder, "usermeta.db"), { driver, durability });
    const database = openDatabase(join(folder, "rival.db"), driver, durability);
    const { version } = database.prepare("SELECT sqlite_version() AS version").get() as { version: string };
    return {
      label: `SQLite ${version} by ${driver}, synchronous = ${durability.toUpperCase()}`,
      store,
      rival: rivalIn(database),
      stop: async () => {
        await store.close();
        database.close();
        removeFolder(folder);
      },
    };
  },
});

function rivalIn(database: SqliteDatabase): Rival {
  database.exec("CREATE TABLE rival (user_id TEXT NOT NULL PRIMARY KEY, json TEXT NOT NULL)");
  const select = database.prepare("SELECT json FROM rival WHERE user_id = ?");
  const update = database.prepare("UPDATE rival SET json = ? WHERE user_id = ?");
  const upsert = database.prepare(
    "INSERT INTO rival VALUES (?, ?) ON CONFLICT (user_id) DO UPDATE SET json = excluded.json",
  );
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const read = (userId: string): string => (select.get(userId) as { json: string }).json;
  return {
    reading: "`SELECT` by key, prepared",
    writing: "`UPDATE` by key, prepared",
    isBlocking: true,
    fill: async (rows) => {
      begin.run();
      for (const row of rows) upsert.run(...row);
      commit.run();
    },
    read,
    write: (userId, json) => update.run(json, userId),
    merge: (userId, changes) => {
      begin.run();
      upsert.run(userId, merged(read(userId), changes));
      return commit.run();
    },
  };
}

/** SQLite with every library and durability. */
export const sqlites: readonly Database[] = [
  sqlite("better-sqlite3", "full"),
  sqlite("better-sqlite3", "normal"),
  sqlite("node:sqlite", "full"),
  sqlite("node:sqlite", "normal"),
];
