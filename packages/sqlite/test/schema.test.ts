import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sqliteStore } from "@usermeta/sqlite";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { migrate } from "../src/schema.ts";
import { files, putOf } from "./samples.ts";

const file = files();
const later = "CREATE TABLE usermeta_later (a); INSERT INTO usermeta_later VALUES (1)";
const schemaOf = (database: Database.Database) => database.prepare("SELECT version FROM usermeta_schema").all();

it("gives a fresh file the schema once, and opens it again as it is", async () => {
  const path = file();
  const store = sqliteStore(path);
  await store.write([putOf("bob")]);
  await store.close();
  const again = sqliteStore(path);
  expect(await again.read(["bob"])).toMatchObject([{ userId: "bob", version: 1 }]);
  await again.close();
  const database = new Database(path);
  const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").pluck();
  expect([tables.all(), schemaOf(database)]).toEqual([
    ["usermeta_changes", "usermeta_records", "usermeta_schema"],
    [{ version: 1 }],
  ]);
});

it("brings an older schema to the newest, keeping what is in it", async () => {
  const database = new Database(file());
  const store = sqliteStore(database);
  const put = putOf("bob");
  await store.write([put]);
  const steps = ["never run again", later];
  migrate(database, "it", [], steps);
  migrate(database, "it", [], steps);
  expect([schemaOf(database), database.prepare("SELECT * FROM usermeta_later").all()]).toEqual([
    [{ version: 2 }],
    [{ a: 1 }],
  ]);
  expect(await store.read(["bob"])).toEqual([put.next]);
});

it("leaves the older schema when a step fails", () => {
  const database = new Database(file());
  sqliteStore(database);
  expect(() => migrate(database, "it", [], ["", later, "CREATE TABLE usermeta_later (b)"])).toThrow(/already exists/);
  const left = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'usermeta_later'").all();
  expect([schemaOf(database), left]).toEqual([[{ version: 1 }], []]);
});

it("refuses a newer schema, and says what to change", () => {
  const path = file();
  const database = new Database(path);
  sqliteStore(database);
  database.exec("UPDATE usermeta_schema SET version = 2");
  expect(() => sqliteStore(path)).toThrow(`${path} has schema 2 and this version knows 1: update @usermeta/sqlite`);
  expect(() => sqliteStore(path)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  expect(schemaOf(database)).toEqual([{ version: 2 }]);
});

it("waits while another process is setting up the file", async () => {
  const path = file();
  const database = new Database(path).exec("BEGIN EXCLUSIVE");
  const child = opener(path, "node:sqlite", "bob");
  await once(child.stdout, "data");
  child.stdin.write("go");
  await setTimeout(300);
  expect(child.exitCode).toBeNull();
  database.exec("CREATE TABLE a (b); COMMIT");
  expect(await once(child, "exit")).toEqual([0, null]);
});

it("lets 8 processes with different libraries open a fresh file at once, and write", async () => {
  const path = file();
  const drivers = ["better-sqlite3", "node:sqlite"];
  const processes = Array.from({ length: 8 }, (_, i) => opener(path, drivers[i % 2] ?? "", `user${i}`));
  await Promise.all(processes.map(({ stdout }) => once(stdout, "data")));
  for (const { stdin } of processes) stdin.write("go");
  const exits = await Promise.all(processes.map((child) => once(child, "exit")));
  expect(exits).toEqual(Array(8).fill([0, null]));
  const store = sqliteStore(path, { indexes: ["public.plan"] });
  expect(await store.list({ where: [], limit: 10 })).toHaveLength(8);
  await store.close();
});

/** A process that opens the file and writes a user, as soon as it is told to. */
function opener(...options: string[]): ChildProcessByStdio<Writable, Readable, null> {
  const program = fileURLToPath(new URL("opener.ts", import.meta.url));
  return spawn(process.execPath, ["--conditions=@usermeta/source", program, ...options], {
    stdio: ["pipe", "pipe", "inherit"],
  });
}
