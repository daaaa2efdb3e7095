import { mysqlStore } from "@usermeta/mysql";
import mysql from "mysql2/promise";
import { expect, it } from "vitest";
import { createRunner } from "../src/connection.ts";
import { migrate } from "../src/schema.ts";
import { indexName } from "../src/search.ts";
import { putOf, startServer } from "./samples.ts";

const server = await startServer();
const indexes = ["public.plan", "private.credits"];
const saying = (text: string) =>
  expect.objectContaining({ code: "invalid_config", message: expect.stringContaining(text) });
const refusals = (calls: readonly Promise<unknown>[]) =>
  Promise.all(calls.map((call) => call.catch((error: unknown) => error)));

it("says that migrate() is to be run, until it was", async () => {
  const store = mysqlStore(await server.database());
  const calls = [store.read(["bob"]), store.write([putOf("bob")]), store.erase("bob"), store.ping()];
  const errors = await refusals([...calls, store.history("bob", { limit: 1 }), store.list({ where: [], limit: 1 })]);
  for (const error of errors) expect(error).toEqual(saying("run migrate()"));
  await store.migrate();
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
  await store.close();
});

it("says so, too, for an index that was declared later", async () => {
  const url = await server.database();
  await withStore(url, [], (store) => store.migrate());
  await withStore(url, indexes, async (store) => {
    await store.ping();
    const search = store.list({ where: [{ scope: "public", path: ["plan"], op: "exists", value: true }], limit: 1 });
    await expect(search).rejects.toEqual(saying("run migrate()"));
  });
});

it("runs what a dry run tells, once, and makes the indexes that are declared later", async () => {
  const url = await server.database();
  await withStore(url, [], async (store) => {
    const told = await store.migrate({ dryRun: true });
    expect(told.join("\n")).toMatch(/CREATE TABLE IF NOT EXISTS usermeta_records/);
    expect(await server.sql("SHOW TABLES", url)).toEqual([]);
    expect(await store.migrate()).toEqual(told);
    expect(await store.migrate()).toEqual([]);
    expect(await store.write([putOf("bob")])).toEqual(["written"]);
  });
  await withStore(url, indexes, async (store) => {
    const name = indexName("public.plan");
    const told = await store.migrate({ dryRun: true });
    expect(told).toHaveLength(4);
    expect(told[1]).toBe(
      `ALTER TABLE usermeta_records ADD INDEX ${name} (namespace, ${name}, ${name}_number, user_id)`,
    );
    expect(await store.migrate()).toEqual(told);
    expect(await store.migrate()).toEqual([]);
    const where = [{ scope: "public", path: ["plan"], op: "in", values: ["pro"] }] as const;
    expect((await store.list({ where, limit: 9 })).map(({ userId }) => userId)).toEqual(["bob"]);
  });
});

it("can be run by hand from what a dry run tells", async () => {
  const url = await server.database();
  await withStore(url, indexes, async (store) => {
    for (const statement of await store.migrate({ dryRun: true })) await server.sql(statement, url);
    expect(await store.migrate({ dryRun: true })).toEqual([]);
    await expect(store.ping()).resolves.toBeUndefined();
  });
});

it("runs once when 6 clients start at the same time, while others write", async () => {
  const url = await server.database();
  const first = mysqlStore(url);
  await first.migrate();
  let writing = true;
  const traffic = (async () => {
    let count = 0;
    for (; writing; count++) expect(await first.write([putOf(`user${count}`)])).toEqual(["written"]);
    return count;
  })();
  const stores = Array.from({ length: 6 }, () => mysqlStore(url, { indexes }));
  const ran = await Promise.all(stores.map((store) => store.migrate()));
  writing = false;
  expect(await traffic).toBeGreaterThan(0);
  expect(ran.flat()).toHaveLength(4);
  await Promise.all([first, ...stores].map((store) => store.close()));
});

it("runs once when 6 clients start at the same time on a fresh database", async () => {
  const url = await server.database();
  const stores = Array.from({ length: 6 }, () => mysqlStore(url, { indexes }));
  const ran = await Promise.all(stores.map((store) => store.migrate()));
  expect(ran.filter((statements) => statements.length > 0)).toHaveLength(1);
  await Promise.all(stores.map((store) => store.close()));
});

it("brings an older schema to the newest, keeping what is in it, and goes on where a step failed", async () => {
  const url = await server.database();
  const store = mysqlStore(url);
  await store.migrate();
  const put = putOf("bob");
  await store.write([put]);
  const pool = mysql.createPool(url);
  const run = (...later: string[]) =>
    createRunner(pool, 1_000).migrate((query) => migrate(query, [], false, [["never run again"], later]));
  const create = "CREATE TABLE IF NOT EXISTS usermeta_later (a INT)";
  await expect(run(create, "INSERT INTO usermeta_nowhere VALUES (1)")).rejects.toThrow("usermeta_nowhere");
  expect(await run(create, "INSERT INTO usermeta_later VALUES (1)")).toHaveLength(3);
  expect(await run(create, "INSERT INTO usermeta_later VALUES (2)")).toEqual([]);
  expect(await server.sql("SELECT a FROM usermeta_later", url)).toEqual([{ a: 1 }]);
  // This version goes on with a newer schema that only added to it, and so do processes that start now.
  const again = mysqlStore(url);
  for (const one of [store, again]) expect(await one.read(["bob"])).toEqual([put.next]);
  expect(await again.migrate()).toEqual([]);
  await Promise.all([store.close(), again.close(), pool.end()]);
});

it("refuses a newer schema that it cannot use, and says what to change", async () => {
  const url = await server.database();
  await withStore(url, [], async (store) => {
    await store.migrate();
    await server.sql("UPDATE usermeta_schema SET version = 3, compatible_from = 2", url);
    const calls = [store.ping(), store.read(["bob"]), store.migrate(), store.migrate({ dryRun: true })];
    for (const error of await refusals(calls))
      expect(error).toEqual(saying("schema 3, which this version cannot use: update @usermeta/mysql"));
  });
});

it("works with the privileges that the README names", async () => {
  const url = await server.database();
  const name = new URL(url).pathname.slice(1);
  const login = (user: string) => url.replace("//root@", `//${user}:secret@`);
  for (const user of ["app", "owner"]) await server.sql(`CREATE USER ${user}@'%' IDENTIFIED BY 'secret'`);
  await server.sql(`GRANT SELECT, INSERT, UPDATE, CREATE, ALTER, INDEX ON ${name}.* TO owner@'%'`);
  await withStore(login("owner"), indexes, (store) => store.migrate());
  await server.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name}.usermeta_records TO app@'%'`);
  await server.sql(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${name}.usermeta_changes TO app@'%'`);
  await server.sql(`GRANT SELECT ON ${name}.usermeta_schema TO app@'%'`);
  await withStore(login("app"), indexes, async (store) => {
    const put = { ...putOf("bob"), retention: { entries: 1, since: 0 } };
    expect(await store.write([put])).toEqual(["written"]);
    expect(await store.write([{ ...putOf("bob", put.next), retention: put.retention }])).toEqual(["written"]);
    expect(await store.history("bob", { limit: 9 })).toHaveLength(1);
    expect(await store.list({ where: [], limit: 9 })).toHaveLength(1);
    await store.erase("bob");
    expect(await store.read(["bob"])).toEqual([undefined]);
    await expect(mysqlStore(login("app").replace("secret", "wrong")).ping()).rejects.toEqual(saying("privilege"));
  });
});

async function withStore<T>(
  url: string,
  paths: readonly string[],
  use: (store: ReturnType<typeof mysqlStore>) => Promise<T>,
): Promise<void> {
  const store = mysqlStore(url, { indexes: paths });
  await use(store);
  await store.close();
}
