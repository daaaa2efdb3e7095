import { postgresStore } from "@usermeta/postgres";
import pg from "pg";
import { expect, it } from "vitest";
import { migrate } from "../src/schema.ts";
import { indexName } from "../src/search.ts";
import { putOf, startServer } from "./samples.ts";

const server = await startServer();
const indexes = ["public.plan", "private.credits"];
const invalid = expect.objectContaining({ code: "invalid_config" });

it("says that migrate() is to be run, until it was", async () => {
  const store = postgresStore(await server.database());
  const calls = [
    () => store.read(["bob"]),
    () => store.write([putOf("bob")]),
    () => store.erase("bob"),
    () => store.history("bob", { limit: 1 }),
    () => store.list({ where: [], limit: 1 }),
    () => store.ping(),
  ];
  for (const call of calls) {
    await expect(call()).rejects.toEqual(invalid);
    await expect(call()).rejects.toThrow("run migrate()");
  }
  await store.migrate();
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
  await store.close();
});

it("runs what a dry run tells, once, and makes the indexes that are declared later", async () => {
  const url = await server.database();
  const store = postgresStore(url);
  const told = await store.migrate({ dryRun: true });
  expect(told.join("\n")).toMatch(/CREATE TABLE IF NOT EXISTS usermeta_records/);
  expect(await server.sql("SELECT to_regclass('usermeta_records') AS found", url)).toEqual([{ found: null }]);
  expect(await store.migrate()).toEqual(told);
  expect(await store.migrate()).toEqual([]);
  const searching = postgresStore(url, { indexes });
  expect(await searching.migrate({ dryRun: true })).toEqual([
    expect.stringContaining(`CREATE INDEX CONCURRENTLY ${indexName("public.plan")} ON usermeta_records`),
    expect.stringContaining(`CREATE INDEX CONCURRENTLY ${indexName("private.credits")} ON usermeta_records`),
    "ANALYZE usermeta_records",
  ]);
  expect(await searching.migrate()).toHaveLength(3);
  expect(await searching.migrate()).toEqual([]);
  await Promise.all([store.close(), searching.close()]);
});

it("can be run by hand from what a dry run tells", async () => {
  const url = await server.database();
  const store = postgresStore(url, { indexes });
  for (const statement of await store.migrate({ dryRun: true })) await server.sql(statement, url);
  expect(await store.migrate({ dryRun: true })).toEqual([]);
  await expect(store.ping()).resolves.toBeUndefined();
  await store.close();
});

it("runs once when 6 clients start at the same time, while others write", async () => {
  const url = await server.database();
  const first = postgresStore(url);
  await first.migrate();
  let writing = true;
  const traffic = (async () => {
    let count = 0;
    for (; writing; count++) expect(await first.write([putOf(`user${count}`)])).toEqual(["written"]);
    return count;
  })();
  const stores = Array.from({ length: 6 }, () => postgresStore(url, { indexes }));
  const ran = await Promise.all(stores.map((store) => store.migrate()));
  writing = false;
  expect(await traffic).toBeGreaterThan(0);
  expect(ran.map((statements) => statements.length).sort((a, b) => a - b)).toEqual([0, 0, 0, 0, 0, 3]);
  await Promise.all([first, ...stores].map((store) => store.close()));
});

it("runs once when 6 clients start at the same time on a fresh database", async () => {
  const url = await server.database();
  const stores = Array.from({ length: 6 }, () => postgresStore(url, { indexes }));
  const ran = await Promise.all(stores.map((store) => store.migrate()));
  expect(ran.map((statements) => statements.length).sort((a, b) => a - b)).toEqual([0, 0, 0, 0, 0, 4]);
  await Promise.all(stores.map((store) => store.close()));
});

it("makes an index again whose creation was interrupted", async () => {
  const url = await server.database();
  const store = postgresStore(url, { indexes });
  await store.migrate();
  await server.sql(
    `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${indexName("public.plan")}'::regclass`,
    url,
  );
  const ran = await store.migrate();
  expect(ran[0]).toBe(`DROP INDEX CONCURRENTLY ${indexName("public.plan")}`);
  expect(ran).toHaveLength(3);
  expect(await store.migrate()).toEqual([]);
  await store.close();
});

it("brings an older schema to the newest, keeping what is in it, and leaves the older one when a step fails", async () => {
  const url = await server.database();
  const store = postgresStore(url);
  const pool = new pg.Pool({ connectionString: url });
  await store.migrate();
  const put = putOf("bob");
  await store.write([put]);
  const steps = ["never run again;", "CREATE TABLE usermeta_later (a int); INSERT INTO usermeta_later VALUES (1);"];
  expect(await migrate(pool, 1_000, [], false, steps)).toHaveLength(1);
  expect(await migrate(pool, 1_000, [], false, steps)).toEqual([]);
  expect(await server.sql("SELECT * FROM usermeta_later", url)).toEqual([{ a: 1 }]);
  const failing = [...steps, "INSERT INTO usermeta_later VALUES (2); CREATE TABLE usermeta_later ();"];
  await expect(migrate(pool, 1_000, [], false, failing)).rejects.toThrow("already exists");
  expect(await server.sql("SELECT * FROM usermeta_later", url)).toEqual([{ a: 1 }]);
  // This version goes on with a newer schema that only added to it, and so do processes that start now.
  const again = postgresStore(url);
  for (const one of [store, again]) expect(await one.read(["bob"])).toEqual([put.next]);
  expect(await again.migrate()).toEqual([]);
  await Promise.all([store.close(), again.close(), pool.end()]);
});

it("refuses a newer schema that it cannot use, and says what to change", async () => {
  const url = await server.database();
  const store = postgresStore(url);
  await store.migrate();
  await server.sql("UPDATE usermeta_schema SET version = 3, compatible_from = 2", url);
  const calls = [
    () => store.ping(),
    () => store.read(["bob"]),
    () => store.migrate(),
    () => store.migrate({ dryRun: true }),
  ];
  for (const call of calls) {
    await expect(call()).rejects.toEqual(invalid);
    await expect(call()).rejects.toThrow("schema 3, which this version cannot use: update @usermeta/postgres");
  }
  await store.close();
});

it("refuses a database in another encoding", async () => {
  const store = postgresStore(await server.database("ENCODING 'LATIN1' TEMPLATE template0"));
  await expect(store.migrate()).rejects.toEqual(invalid);
  await expect(store.migrate()).rejects.toThrow("encoded in LATIN1");
  await store.close();
});

it("keeps its tables in the schema that the URL names", async () => {
  const url = await server.database();
  await server.sql("CREATE SCHEMA meta", url);
  const store = postgresStore(`${url}?options=-csearch_path%3Dmeta`, { indexes });
  await store.migrate();
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
  const tables = await server.sql(
    "SELECT relname FROM pg_class WHERE relnamespace = 'meta'::regnamespace AND relkind = 'r' ORDER BY 1",
    url,
  );
  expect(tables.map(({ relname }) => relname)).toEqual(["usermeta_changes", "usermeta_records", "usermeta_schema"]);
  await store.close();
});
