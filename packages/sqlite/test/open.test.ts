import { mkdirSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { type SqliteOptions, sqliteStore } from "@usermeta/sqlite";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openFile } from "../src/database.ts";
import { files, putOf } from "./samples.ts";

const file = files();
const drivers = ["better-sqlite3", "node:sqlite"] as const;
const open = {
  "better-sqlite3": (path: string) => new Database(path),
  "node:sqlite": (path: string) => new DatabaseSync(path),
};

describe.each(drivers)("opening with %s", (driver) => {
  it.each([
    ["full", 2],
    ["normal", 1],
  ] as const)("makes a file in WAL mode with durability %s", (durability, synchronous) => {
    const database = openFile(file(), durability, driver);
    const pragma = (name: string) => database.prepare(`PRAGMA ${name}`).get();
    expect([pragma("journal_mode"), pragma("synchronous")]).toEqual([{ journal_mode: "wal" }, { synchronous }]);
    database.close();
  });

  const wrong: [string, () => string, RegExp][] = [
    ["a path in no directory", () => file("missing/a.db"), /missing\/a\.db cannot be opened: let this process/],
    ["a directory", () => file("."), /cannot be opened/],
    ["a place where nobody can write", () => "/proc/usermeta.db", /^\/proc\/usermeta\.db cannot be opened/],
    [
      "a file that is no database",
      () => write("notes.txt", "not a database, ".repeat(100)),
      /is not an SQLite database/,
    ],
    ["no path", () => "", /needs a path/],
    ["a URI", () => "file:a.db?mode=memory", /needs a path/],
  ];
  it.each(wrong)("refuses %s", (_, path, message) => {
    expect(() => sqliteStore(path(), { driver })).toThrow(expect.objectContaining({ code: "invalid_config" }));
    expect(() => sqliteStore(path(), { driver })).toThrow(message);
  });

  it("refuses a database in UTF-16, whose bytes order differently", () => {
    const database = open[driver](file());
    database.exec("PRAGMA encoding = 'UTF-16'; CREATE TABLE a (b)");
    expect(() => sqliteStore(database)).toThrow(/encoded in UTF-16le: use a database in UTF-8/);
  });

  it("works in a database of the application's own, and leaves it open and as it was set", async () => {
    const database = open[driver](file());
    database.exec("CREATE TABLE own (a); PRAGMA synchronous = OFF; PRAGMA user_version = 7");
    const store = sqliteStore(database, { indexes: ["public.plan"] });
    expect(await store.write([putOf("bob")])).toEqual(["written"]);
    await store.close();
    const values = ["synchronous", "user_version", "journal_mode"].map((name) =>
      database.prepare(`PRAGMA ${name}`).get(),
    );
    expect(values).toEqual([{ synchronous: 0 }, { user_version: 7 }, { journal_mode: "delete" }]);
    expect(await sqliteStore(database).read(["bob"])).toMatchObject([{ userId: "bob" }]);
    database.close();
  });

  it("keeps a store in memory", async () => {
    const store = sqliteStore(":memory:", { driver });
    expect(await store.write([putOf("bob")])).toEqual(["written"]);
  });
});

it("takes the numbers of a database that is set to give bigints", async () => {
  const database = new Database(":memory:").defaultSafeIntegers();
  const store = sqliteStore(database);
  const first = putOf("bob");
  const second = putOf("bob", first.next);
  for (const put of [first, second]) await store.write([{ ...put, retention: { entries: 1, since: 0 } }]);
  expect([await store.read(["bob"]), await store.history("bob", { limit: 5 })]).toEqual([
    [second.next],
    [second.change],
  ]);
  expect(await store.write([second])).toEqual([{ duplicate: { version: 2, digest: "digest" } }]);
});

it.each<[string, SqliteOptions, RegExp]>([
  ["an index without a scope", { indexes: ["plan"] }, /each of indexes must be scope\.key/],
  ["an index of a whole scope", { indexes: ["public"] }, /each of indexes must be scope\.key/],
  ["an index with an empty key", { indexes: ["public..a"] }, /each of indexes must be scope\.key/],
  ["another durability", { durability: "off" as "full" }, /durability must be "full" or "normal"/],
  ["another driver", { driver: "sqlite3" as "node:sqlite" }, /driver must be/],
  ["a namespace that is no text", { namespace: "\ud800" }, /namespace must be/],
])("refuses %s", (_, options, message) => {
  expect(() => sqliteStore(":memory:", options)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  expect(() => sqliteStore(":memory:", options)).toThrow(message);
});

it("refuses what is neither a path nor a database", () => {
  expect(() => sqliteStore(undefined as unknown as string)).toThrow(/needs a path or an open database/);
});

it("refuses options of files for a database that is already open", () => {
  expect(() => sqliteStore(new Database(":memory:"), { durability: "full" })).toThrow(/are for files/);
});

it("refuses a database that cannot be written", () => {
  const path = file();
  new Database(path).exec("CREATE TABLE a (b)").close();
  expect(() => sqliteStore(new Database(path, { readonly: true }))).toThrow(/the database cannot be opened/);
});

function write(name: string, text: string): string {
  const path = file(name);
  mkdirSync(file("."), { recursive: true });
  writeFileSync(path, text);
  return path;
}
