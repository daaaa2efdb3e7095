import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { UserMeta } from "@usermeta/core";
import { type MysqlStore, mysqlStore } from "@usermeta/mysql";
import mysql from "mysql2/promise";
import { afterAll, expect, it } from "vitest";
import { increment, metaOn, putOf, startServer } from "./samples.ts";

const server = await startServer();
const pools = Array.from({ length: 2 }, () => mysql.createPool(server.url));
afterAll(() => Promise.all(pools.map((pool) => pool.end())));
// Patient, because the machine may be busy.
const stores = (namespace: string): [MysqlStore, MysqlStore] => {
  const [a, b] = pools.map((pool) => mysqlStore(pool, { namespace, timeout: 20_000 }));
  return [a as MysqlStore, b as MysqlStore];
};
const deadlocks = () => server.sql("SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'");

it("loses none of 64 increments at once by two clients", async () => {
  const metas = stores("increments").map(metaOn) as [UserMeta, UserMeta];
  await Promise.all(Array.from({ length: 64 }, (_, i) => increment(metas[i % 2 ? 1 : 0], "bob")));
  const { version, private: found } = await metas[0].get("bob");
  expect([version, found]).toEqual([64, { credits: 64 }]);
});

it("lets one of 8 first writes win, for each of 100 users in batches that cross each other, without a deadlock", async () => {
  const [a, b] = stores("first writes");
  const before = await deadlocks();
  const ids = Array.from({ length: 100 }, (_, i) => `user${i}`);
  const batches = Array.from({ length: 8 }, (_, i) =>
    (i % 2 ? ids : ids.toReversed()).map((id) => putOf(id, undefined, `{"writer":${i}}`)),
  );
  const results = await Promise.all(batches.map((puts, i) => (i % 2 ? a : b).write(puts)));
  const winners = new Map<string, string>();
  for (const [i, puts] of batches.entries())
    for (const [j, { next }] of puts.entries()) {
      const result = results[i]?.[j];
      expect(["written", "conflict"]).toContain(result);
      if (result !== "written") continue;
      expect(winners.has(next.userId)).toBe(false);
      winners.set(next.userId, next.public.json);
    }
  const found = await a.read(ids);
  expect(found.map((record) => record?.public.json)).toEqual(ids.map((id) => winners.get(id)));
  expect(await deadlocks()).toEqual(before);
});

it("loses nothing where batches of the same users cross each other, and leaves no gap in the log", async () => {
  const both = stores("crossing");
  const ids = Array.from({ length: 40 }, (_, i) => `user${i}`);
  const written = new Map<string, number>();
  const before = await deadlocks();
  await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      const store = both[writer % 2 ? 1 : 0];
      for (let round = 0; round < 15; round++) {
        const some = ids.filter(() => Math.random() < 0.7).sort(() => Math.random() - 0.5);
        const latest = await store.read(some);
        const results = await store.write(some.map((id, i) => putOf(id, latest[i])));
        for (const [i, result] of results.entries()) {
          expect(["written", "conflict"]).toContain(result);
          const id = some[i] as string;
          if (result === "written") written.set(id, (written.get(id) ?? 0) + 1);
        }
      }
    }),
  );
  const found = await both[0].read(ids);
  expect(found.map((record) => record?.version)).toEqual(ids.map((id) => written.get(id)));
  for (const id of ids)
    expect((await both[0].history(id, { limit: 1000 })).map(({ version }) => version)).toEqual(
      Array.from({ length: written.get(id) ?? 0 }, (_, i) => (written.get(id) ?? 0) - i),
    );
  expect(await deadlocks()).toEqual(before);
});

it("leaves nothing of a user behind when erasing and writing race", async () => {
  const [a, b] = stores("erasing");
  for (let round = 0; round < 30; round++) {
    const put = putOf("bob");
    await a.write([put]);
    const [, results] = await Promise.all([b.erase("bob"), a.write([putOf("bob", put.next), putOf(`new${round}`)])]);
    expect(["written", "conflict"]).toContain(results[0]);
    expect(results[1]).toBe("written");
    expect([await a.read(["bob"]), await a.history("bob", { limit: 9 })]).toEqual([[undefined], []]);
  }
});

it("counts right by 4 processes that write the same users in batches", async () => {
  const writer = fileURLToPath(new URL("writer.ts", import.meta.url));
  const writers = Array.from({ length: 4 }, () =>
    fork(writer, [server.url], {
      execArgv: ["--conditions=@usermeta/source"],
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    }),
  );
  const counts = await Promise.all(
    writers.map(async (child) => {
      const [[count], [exit]] = await Promise.all([once(child, "message"), once(child, "exit")]);
      expect(exit).toBe(0);
      return count as number;
    }),
  );
  const [store] = stores("processes");
  const records = await store.list({ where: [], limit: 500 });
  const sum = records.reduce((total, { version }) => total + version, 0);
  expect(sum).toBe(counts.reduce((total, count) => total + count, 0));
});

it("tells a duplicate from a conflict when the other write was committed while it waited", async () => {
  const [store] = stores("waiting");
  const first = putOf("bob");
  await store.write([first]);
  const second = putOf("bob", first.next);
  // The same change, held back before its commit
  const other = await (pools[1] as mysql.Pool).getConnection();
  await other.query("START TRANSACTION");
  await other.query("UPDATE usermeta_records SET version = 2 WHERE namespace = 'waiting' AND user_id = 'bob'");
  await other.query(
    `INSERT INTO usermeta_changes (namespace, user_id, version, id, at, digest, trimmed)
     VALUES ('waiting', 'bob', 2, ?, 1, 'digest', 0)`,
    [second.change.id],
  );
  const waiting = [store.write([second]), store.write([putOf("bob", first.next)])];
  const count = "SELECT COUNT(*) AS n FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'";
  await expect.poll(async () => Number((await server.sql(count))[0]?.["n"]), { timeout: 5_000 }).toBe(2);
  await other.query("COMMIT");
  other.release();
  expect(await Promise.all(waiting)).toEqual([[{ duplicate: { version: 2, digest: "digest" } }], ["conflict"]]);
});

it("undoes a record that it made where another was expected, and a change that was there already", async () => {
  const [store] = stores("undoing");
  const [known, gone] = [putOf("known"), putOf("gone")];
  await store.write([known, gone]);
  await store.erase("gone");
  const repeated = { ...putOf("known", known.next), change: { ...known.change, version: 2 } };
  const puts = [putOf("gone", gone.next), repeated, putOf("new")];
  expect(await store.write(puts)).toEqual(["conflict", { duplicate: { version: 1, digest: "digest" } }, "written"]);
  expect(await store.read(["gone", "known", "new"])).toEqual([undefined, known.next, puts[2]?.next]);
});

it("gives up on a lock that somebody holds, with nothing written, and works when it is gone", async () => {
  const own = mysqlStore(server.url, { namespace: "locked" });
  const first = putOf("bob");
  await own.write([first]);
  const other = await (pools[1] as mysql.Pool).getConnection();
  await other.query("START TRANSACTION");
  await other.query("SELECT 1 FROM usermeta_records WHERE namespace = 'locked' FOR UPDATE");
  const start = performance.now();
  const calls = [own.write([putOf("bob", first.next)]), own.erase("bob")];
  const answers = await Promise.all(calls.map((call) => call.catch((error: unknown) => error)));
  for (const answer of answers) expect(answer).toMatchObject({ code: "store_unavailable" });
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(await own.read(["bob"])).toEqual([first.next]);
  await other.query("ROLLBACK");
  other.release();
  await expect.poll(() => own.write([putOf("bob", first.next)]), { timeout: 5_000 }).toEqual(["written"]);
  await own.close();
});
