import type { Term } from "@usermeta/core";
import { type MysqlOptions, type MysqlPool, mysqlStore } from "@usermeta/mysql";
import callbacks from "mysql2";
import mysql from "mysql2/promise";
import { describe, expect, it } from "vitest";
import { indexName, listSql } from "../src/search.ts";
import { putOf, startServer, watched } from "./samples.ts";

const injecting = `a"b'c\\d)--\u{1f600}`;
const indexes = ["public.plan", "public.Plan", "private.credits", `unsafe.${injecting}`];
const server = await startServer(indexes);

describe("round trips", () => {
  async function counted(use: (store: ReturnType<typeof mysqlStore>) => Promise<unknown>): Promise<string[]> {
    const pool = mysql.createPool(server.url);
    const sent: string[] = [];
    const store = mysqlStore(
      watched(pool, (sql) => void sent.push(sql)),
      { namespace: "trips", indexes, timeout: 20_000 },
    );
    await store.ping();
    sent.length = 0;
    await use(store);
    await pool.end();
    return sent;
  }
  const ids = Array.from({ length: 100 }, (_, i) => `user${i}`);

  it("are one for a read of 100 users, a page of a list and a page of history", async () => {
    expect(await counted((store) => store.read(ids))).toHaveLength(1);
    expect(await counted((store) => store.list({ where: [], limit: 100 }))).toHaveLength(1);
    expect(await counted((store) => store.history("bob", { limit: 100 }))).toHaveLength(1);
  });

  it("are five for 100 puts of any kind, and six where the log is trimmed and forgotten", async () => {
    let latest = ids.map((id) => putOf(id));
    expect(await counted((store) => store.write(latest))).toHaveLength(5);
    latest = [...latest.slice(0, 50).map(({ next }) => putOf(next.userId, next)), ...latest.slice(50)];
    expect(await counted((store) => store.write(latest))).toHaveLength(5);
    const trimming = { entries: 3, since: 0 };
    let put = putOf("often");
    await counted(async (store) => {
      for (let i = 0; i < 257; i++, put = putOf("often", put.next))
        await store.write([{ ...put, retention: trimming }]);
    });
    const sent = await counted((store) =>
      store.write([{ ...put, retention: trimming }, ...latest.map(({ next }) => putOf(next.userId, next))]),
    );
    expect(sent.map((sql) => sql.split(" ", 1)[0])).toEqual([
      "START",
      "INSERT",
      "SELECT",
      "INSERT",
      "DELETE",
      "COMMIT",
    ]);
  });

  it("are four when nothing is written, one when only a change id is asked for, three to erase", async () => {
    const [first] = ids.map((id) => putOf(id));
    expect(await counted((store) => store.write([first as NonNullable<typeof first>]))).toHaveLength(4);
    const probe = { ...putOf("bob"), expected: { incarnation: "", version: -1 } };
    expect(await counted((store) => store.write([probe]))).toHaveLength(1);
    expect(await counted((store) => store.erase("bob"))).toHaveLength(3);
  });
});

it("trims as much as a transaction can carry, and the rest with the next writes", async () => {
  const pool = mysql.createPool(server.url);
  const store = mysqlStore(pool, { namespace: "trimming", timeout: 20_000 });
  let put = putOf("bob");
  for (let i = 0; i < 3; i++, put = putOf("bob", put.next)) await store.write([put]);
  const copy = `INSERT INTO usermeta_changes (namespace, user_id, version, id, at, digest, json, trimmed)
    WITH RECURSIVE v AS (SELECT 4 AS n UNION ALL SELECT n + 1 FROM v WHERE n < 900)
    SELECT 'trimming', 'bob', n, n, 1, '', '{}', 0 FROM v`;
  await pool.query(copy);
  await pool.query("UPDATE usermeta_records SET version = 900 WHERE namespace = 'trimming'");
  const remembered = async () => {
    const [rows] = await pool.query(
      "SELECT version FROM usermeta_changes WHERE namespace = 'trimming' ORDER BY version",
    );
    return (rows as { version: number }[]).map(({ version }) => version);
  };
  const write = async () => {
    const [latest] = await store.read(["bob"]);
    return store.write([{ ...putOf("bob", latest), retention: { entries: 2, since: 0 } }]);
  };
  expect(await write()).toEqual(["written"]);
  expect((await remembered())[0]).toBe(501);
  expect(await write()).toEqual(["written"]);
  expect((await remembered())[0]).toBe(647);
  expect((await store.history("bob", { limit: 1000 })).map(({ version }) => version)).toEqual([902, 901]);
  expect(await remembered()).toHaveLength(256);
  await pool.end();
});

it("splits puts that are too long for one statement", async () => {
  const store = mysqlStore(server.url, { namespace: "long", timeout: 20_000 });
  const long = `{"a":"${"x".repeat(store.maxRecordBytes - 100)}"}`;
  const puts = ["a", "b", "c"].map((id) => putOf(id, undefined, long));
  expect(await store.write(puts)).toEqual(["written", "written", "written"]);
  expect(await store.read(["c"])).toEqual([puts[2]?.next]);
  await store.close();
});

it.each<[string, mysql.PoolOptions, string[]]>([
  ["settings of the driver", { typeCast: false, rowsAsArray: true, nestTables: true, supportBigNumbers: true }, []],
  ["numbers as text", { bigNumberStrings: true, supportBigNumbers: true, namedPlaceholders: true }, []],
  ["values of the application's own", { typeCast: () => "odd", queryFormat: named }, []],
  ["another charset and flags", { charset: "latin1", flags: ["-FOUND_ROWS"] }, []],
  ["ANSI quotes and plain backslashes", {}, ["SET sql_mode = 'ANSI_QUOTES,NO_BACKSLASH_ESCAPES,PIPES_AS_CONCAT'"]],
  ["another isolation", {}, ["SET SESSION TRANSACTION ISOLATION LEVEL SERIALIZABLE"]],
  ["read committed", {}, ["SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"]],
])("works in a pool of the application's own with %s", async (name, options, statements) => {
  const pool = mysql.createPool({ uri: server.url, connectionLimit: 1, ...options });
  for (const statement of statements) await pool.query(statement);
  const store = mysqlStore(pool, { namespace: name, indexes });
  const first = putOf(`it's "\\" é😀`, undefined, String.raw`{"plan":"it's \"\\\" \u00e9"}`);
  const second = putOf(first.next.userId, first.next, '{"plan":5.5}');
  expect(await store.write([first])).toEqual(["written"]);
  expect(await find(store, "public.plan", `it's "\\" é`)).toEqual([first.next.userId]);
  expect(await store.write([second])).toEqual(["written"]);
  expect(await store.write([first])).toEqual([{ duplicate: { version: 1, digest: "digest" } }]);
  expect(await find(store, "public.plan", 5.5)).toEqual([first.next.userId]);
  expect(await store.read([first.next.userId])).toEqual([second.next]);
  expect(await store.history(first.next.userId, { limit: 9 })).toEqual([second.change, first.change]);
  await store.close();
  await pool.query("SELECT 1"); // still open
  await pool.end();
});

describe("a search", () => {
  const plan = { scope: "public", path: ["plan"] } as const;

  it("for one value takes a page from the index, already in order, and for several no more than it finds", async () => {
    const explain = async (term: Term) => {
      const [sql, values] = listSql(Buffer.from(""), { where: [term], after: "a", limit: 10 });
      const [row] = await server.sql(`EXPLAIN ${mysql.format(sql, [...values])}`, server.url);
      return [row?.["key"], String(row?.["Extra"]).includes("filesort")];
    };
    const name = indexName("public.plan");
    for (const value of ["pro", 5, true, null])
      expect(await explain({ ...plan, op: "in", values: [value] })).toEqual([name, false]);
    expect(await explain({ ...plan, op: "exists", value: false })).toEqual([name, false]);
    expect(await explain({ ...plan, op: "in", values: ["pro", 5, null] })).toEqual([name, true]);
    expect(await explain({ ...plan, op: "gt", value: "a" })).toEqual([name, true]);
    expect(await explain({ ...plan, op: "lte", value: 5 })).toEqual([name, true]);
    expect(await explain({ ...plan, op: "exists", value: true })).toEqual([name, true]);
  });

  it("compares strings to their last byte although the index holds their beginning", async () => {
    const store = mysqlStore(server.url, { namespace: "long strings", indexes });
    const texts = ["a", "b", "c", ""].map((end) => "é".repeat(127) + end).concat("é".repeat(126), "é".repeat(200));
    await store.write(
      texts.map((plan, i) =>
        putOf(`user${i}`, undefined, JSON.stringify({ plan }).replaceAll("é", String.raw`\u00e9`)),
      ),
    );
    const bytes = (text: string) => Buffer.from(text);
    for (const [i, text] of texts.entries()) {
      expect(await find(store, "public.plan", text)).toEqual([`user${i}`]);
      for (const [op, order] of [
        ["gt", 1],
        ["lt", -1],
      ] as const) {
        const found = await store.list({ where: [{ ...plan, op, value: text }], limit: 99 });
        const expected = texts.flatMap((other, j) => (bytes(other).compare(bytes(text)) === order ? [`user${j}`] : []));
        expect(found.map(({ userId }) => userId)).toEqual(expected);
      }
    }
    await store.close();
  });

  it("finds by a key that tries to leave its quotes", async () => {
    const store = mysqlStore(server.url, { namespace: "injecting", indexes });
    const put = putOf("ann");
    const json = `{${JSON.stringify(injecting).replace("\u{1f600}", String.raw`\ud83d\ude00`)}:"x"}`;
    await store.write([putOf("bob"), { ...put, next: { ...put.next, unsafe: { json, version: 1, updatedAt: 1 } } }]);
    expect(await find(store, `unsafe.${injecting}`, "x")).toEqual(["ann"]);
    await store.close();
  });
});

it("keeps namespaces apart by their bytes", async () => {
  const names = ["a", "A", "á", "a ", ""];
  const stores = names.map((namespace) => mysqlStore(server.url, { namespace }));
  const puts = names.map((_, i) => putOf("same", undefined, `{"i":${i}}`));
  for (const [i, store] of stores.entries())
    expect(await store.write([puts[i] as (typeof puts)[0]])).toEqual(["written"]);
  for (const [i, store] of stores.entries()) expect(await store.read(["same"])).toEqual([puts[i]?.next]);
  await Promise.all(stores.map((store) => store.close()));
});

it.each<[string, string | MysqlPool, MysqlOptions, RegExp]>([
  ["no URL", "localhost", {}, /needs a URL with a database/],
  ["another URL", "postgres://localhost/app", {}, /needs a URL with a database/],
  ["a URL without a database", "mysql://localhost", {}, /needs a URL with a database/],
  ["no pool", {} as MysqlPool, {}, /needs a URL or a pool of mysql2\/promise/],
  ["an index without a scope", "mysql://localhost/app", { indexes: ["plan"] }, /each of indexes must be scope\.key/],
  ["an index of a whole scope", "mysql://localhost/app", { indexes: ["public"] }, /each of indexes must be/],
  ["a namespace that is no text", "mysql://localhost/app", { namespace: "\ud800" }, /namespace must be/],
  ["a namespace that is too long", "mysql://localhost/app", { namespace: "é".repeat(33) }, /at most 64 bytes/],
  ["no time", "mysql://localhost/app", { timeout: 0 }, /timeout must be/],
])("refuses %s", (_, pool, options, message) => {
  expect(() => mysqlStore(pool, options)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  expect(() => mysqlStore(pool, options)).toThrow(message);
});

it("refuses a pool that calls back", async () => {
  const pool = callbacks.createPool("mysql://localhost/app");
  expect(() => mysqlStore(pool as unknown as MysqlPool)).toThrow(/pass pool\.promise\(\)/);
});

/** The way in which many applications name their values. */
function named(sql: string, values: unknown): string {
  return sql.replace(/:(\w+)/g, (all, key: string) => mysql.escape((values as Record<string, string>)[key] ?? all));
}

async function find(store: ReturnType<typeof mysqlStore>, path: string, value: string | number): Promise<string[]> {
  const [scope, ...keys] = path.split(".");
  const where = [{ scope: scope as "public", path: keys, op: "in", values: [value] }] as const;
  return (await store.list({ where, limit: 99 })).map(({ userId }) => userId);
}
