import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { sqliteStore } from "@usermeta/sqlite";
import Database from "better-sqlite3";
import { expect, it } from "vitest";
import { migrate, steps } from "../src/schema.ts";
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
    [{ version: 2 }],
  ]);
});

it("brings an older schema to the newest, keeping what is in it", async () => {
  const database = new Database(file());
  const store = sqliteStore(database);
  const put = putOf("bob");
  await store.write([put]);
  const more = [...steps.map(() => "never run again"), later];
  migrate(database, "it", [], more);
  migrate(database, "it", [], more);
  expect([schemaOf(database), database.prepare("SELECT * FROM usermeta_later").all()]).toEqual([
    [{ version: 3 }],
    [{ a: 1 }],
  ]);
  expect(await store.read(["bob"])).toEqual([put.next]);
});

it("leaves the older schema when a step fails", () => {
  const database = new Database(file());
  sqliteStore(database);
  const more = [...steps, later, "CREATE TABLE usermeta_later (b)"];
  expect(() => migrate(database, "it", [], more)).toThrow(/already exists/);
  const left = database.prepare("SELECT name FROM sqlite_schema WHERE name = 'usermeta_later'").all();
  expect([schemaOf(database), left]).toEqual([[{ version: 2 }], []]);
});

it("refuses a newer schema, and says what to change", () => {
  const path = file();
  const database = new Database(path);
  sqliteStore(database);
  database.exec("UPDATE usermeta_schema SET version = 3");
  expect(() => sqliteStore(path)).toThrow(`${path} has schema 3 and this version knows 2: update @usermeta/sqlite`);
  expect(() => sqliteStore(path)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  expect(schemaOf(database)).toEqual([{ version: 3 }]);
});

it("keeps the change log when it is given new indexes, under a process of schema 1 that goes on", async () => {
  const database = new Database(file());
  migrate(database, "it", [], steps.slice(0, 1));
  const ofUser = "namespace = '' AND user_id = 'bob'";
  // What schema 1's code has prepared.
  const append = database.prepare(`INSERT INTO usermeta_changes (namespace, user_id, id, version, at, digest, json)
    VALUES ('', 'bob', ?, ?, 1, ?, ?)`);
  const duplicate = database.prepare(`SELECT version FROM usermeta_changes WHERE ${ofUser} AND id = ?`).pluck();
  const oldest = database.prepare(
    `SELECT version FROM usermeta_changes WHERE ${ofUser} AND json IS NOT NULL ORDER BY version LIMIT 1`,
  );
  append.run("random", 1, "", null);
  append.run("request", 2, "digest", "{}");

  const store = sqliteStore(database);
  expect([duplicate.get("random"), duplicate.get("request"), oldest.pluck().get()]).toEqual([1, 2, 2]);
  append.run("another", 3, "", "{}");
  expect(await store.history("bob", { limit: 9 })).toMatchObject([{ id: "another" }, { id: "request" }]);
  const put = putOf("bob");
  const again = { ...put, change: { ...put.change, id: "request" } };
  expect(await store.write([again])).toEqual([{ duplicate: { version: 2, digest: "digest" } }]);
});

it("tells a put with a random id that it was carried out when it is sent again", async () => {
  const store = sqliteStore(new Database(file()));
  const first = putOf("bob");
  const put = { ...first, change: { ...first.change, digest: "" } };
  const next = putOf("bob", put.next);
  expect(await store.write([put])).toEqual(["written"]);
  expect(await store.write([next])).toEqual(["written"]);
  expect(await store.write([put])).toEqual([{ duplicate: { version: 1, digest: "" } }]);
  expect(await store.write([putOf("bob")])).toEqual(["conflict"]);
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
