import { type SqliteDatabase, type SqliteDriver, sqliteStore } from "@usermeta/sqlite";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { openFile } from "../src/database.ts";
import { files, putOf } from "./samples.ts";

const file = files();
const unavailable = expect.objectContaining({ code: "store_unavailable" });

/** A database that tells of every statement before it is run; the listener may throw in its place. */
function watched(database: Database.Database, listen: (sql: string) => void): SqliteDatabase {
  return {
    prepare: (sql) => {
      const statement = database.prepare(sql);
      const told = () => {
        listen(sql);
        return statement;
      };
      return {
        get: (...values) => told().get(...values),
        all: (...values) => told().all(...values),
        run: (...values) => told().run(...values),
      };
    },
    exec: (sql) => database.exec(sql),
    close: () => database.close(),
  };
}
const failing = (code: string) => Object.assign(new Error("disk I/O error"), { code });

/** Another connection that holds the lock. Of the same library: within one process, two do not see each other's locks. */
function locked(path: string, driver: SqliteDriver): SqliteDatabase {
  const database = openFile(path, "full", driver);
  database.exec("BEGIN IMMEDIATE");
  return database;
}

it("reads 100 users with one statement, and writes 100 puts with one commit", async () => {
  const statements: string[] = [];
  const store = sqliteStore(watched(new Database(":memory:"), (sql) => void statements.push(sql)));
  const puts = Array.from({ length: 100 }, (_, i) => putOf(`user${i}`));
  const during = async (work: Promise<unknown>) => {
    await work;
    return statements.splice(0);
  };
  statements.length = 0;
  expect(await during(store.read(puts.map(({ next }) => next.userId)))).toHaveLength(1);
  const ran = await during(store.write(puts));
  expect(ran.filter((sql) => sql === "BEGIN IMMEDIATE" || sql === "COMMIT")).toEqual(["BEGIN IMMEDIATE", "COMMIT"]);
  expect(ran.length).toBeLessThanOrEqual(2 + 100 * 5);
});

describe.each(["better-sqlite3", "node:sqlite"] as const)("while another connection holds the lock, %s", (driver) => {
  it("waits without stopping the event loop, and then writes", async () => {
    const path = file();
    const store = sqliteStore(path, { driver });
    const other = locked(path, driver);
    setTimeout(() => other.exec("COMMIT"), 300);
    let longest = 0;
    let last = performance.now();
    const ticking = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    expect(await store.write([putOf("bob")])).toEqual(["written"]);
    clearInterval(ticking);
    expect(longest).toBeLessThan(250);
    await store.close();
  });

  it("reads, and gives up writing after 1.5 seconds with nothing written", async () => {
    const path = file();
    const store = sqliteStore(path, { driver });
    await store.write([putOf("bob")]);
    const other = locked(path, driver);
    const start = performance.now();
    const writing = Promise.allSettled([store.write([putOf("ann")]), store.erase("bob")]);
    expect(await store.read(["bob"])).toMatchObject([{ userId: "bob" }]);
    const refused = { status: "rejected", reason: unavailable };
    expect(await writing).toEqual([refused, refused]);
    expect(performance.now() - start).toBeGreaterThan(1_400);
    expect(performance.now() - start).toBeLessThan(2_000);
    other.exec("ROLLBACK");
    expect(await store.read(["ann", "bob"])).toMatchObject([undefined, { userId: "bob" }]);
    await store.close();
  });
});

it("refuses a waiting write when it is closed meanwhile", async () => {
  const path = file();
  const store = sqliteStore(path);
  locked(path, "better-sqlite3");
  const waiting = store.write([putOf("bob")]);
  await store.close();
  await expect(waiting).rejects.toEqual(unavailable);
});

it("writes nothing when the disk is full, and goes on when there is room", async () => {
  const database = new Database(file());
  const store = sqliteStore(database);
  const first = putOf("bob");
  await store.write([first]);
  database.pragma(`max_page_count = ${String(database.pragma("page_count", { simple: true }))}`);
  const long = putOf("bob", first.next, JSON.stringify({ a: "x".repeat(100_000) }));
  await expect(store.write([long, putOf("ann")])).rejects.toEqual(unavailable);
  expect(await store.read(["bob", "ann"])).toEqual([first.next, undefined]);
  database.pragma("max_page_count = 100000");
  expect(await store.write([long, putOf("ann")])).toEqual(["written", "written"]);
  expect(database.pragma("integrity_check", { simple: true })).toBe("ok");
});

it("calls a write unknown when the commit itself fails, so that it is repeated", async () => {
  let broken = false;
  const database = watched(new Database(":memory:"), (sql) => {
    if (broken && sql === "COMMIT") throw failing("SQLITE_IOERR_FSYNC");
  });
  const store = sqliteStore(database);
  const known = putOf("known");
  await store.write([known]);
  broken = true;
  expect(await store.write([putOf("bob"), putOf("known")])).toEqual(["unknown", "conflict"]);
  await expect(store.erase("known")).rejects.toMatchObject({ code: "outcome_unknown" });
  broken = false;
  expect(await store.read(["bob", "known"])).toEqual([undefined, known.next]);
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
});

it("tries again when the lock is missing at the commit", async () => {
  let times = 0;
  const database = watched(new Database(":memory:"), (sql) => {
    if (sql === "COMMIT" && ++times < 5) throw failing("SQLITE_BUSY");
  });
  const store = sqliteStore(database);
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
});

it.each(["SQLITE_IOERR_READ", "SQLITE_CANTOPEN", "SQLITE_READONLY_DBMOVED"])("rejects on %s", async (code) => {
  let broken = false;
  const database = watched(new Database(":memory:"), () => {
    if (broken) throw failing(code);
  });
  const store = sqliteStore(database);
  broken = true;
  const calls = [store.read(["bob"]), store.write([putOf("bob")]), store.erase("bob"), store.ping()];
  for (const call of calls) await expect(call).rejects.toEqual(unavailable);
});

it("throws what is no fault of the database as it is", async () => {
  let broken = false;
  const database = watched(new Database(":memory:"), (sql) => {
    if (broken && sql.startsWith("INSERT")) throw new TypeError("a bug");
  });
  const store = sqliteStore(database);
  broken = true;
  await expect(store.write([putOf("bob")])).rejects.toThrow(new TypeError("a bug"));
  broken = false;
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
});
