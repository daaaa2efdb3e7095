import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { postgresStore } from "@usermeta/postgres";
import pg from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { answerOf, increment, metaOn, putOf, startServer, watched } from "./samples.ts";

const server = await startServer();
let pools: pg.Pool[] = [];
beforeAll(async () => {
  await postgresStore(server.url).migrate();
  pools = Array.from({ length: 2 }, () => new pg.Pool({ connectionString: server.url }));
});
afterAll(() => Promise.all(pools.map((pool) => pool.end())));
const stores = (namespace: string) => pools.map((pool) => postgresStore(pool, { namespace }));

it("loses none of 64 increments at once by two clients", async () => {
  const metas = stores("increments").map(metaOn);
  await Promise.all(Array.from({ length: 64 }, (_, i) => increment(metas[i % 2] as (typeof metas)[0], "bob")));
  const { version, private: found } = (await metas[0]?.get("bob")) ?? {};
  expect([version, found]).toEqual([64, { credits: 64 }]);
});

it("lets one of 8 first writes win, for each of 100 users in batches that cross each other", async () => {
  const [a, b] = stores("first writes");
  const ids = Array.from({ length: 100 }, (_, i) => `user${i}`);
  const batches = Array.from({ length: 8 }, (_, i) =>
    (i % 2 ? ids : ids.toReversed()).map((id) => putOf(id, undefined, `{"writer":${i}}`)),
  );
  const results = await Promise.all(batches.map(async (puts, i) => (i % 2 ? a : b)?.write(puts)));
  const winners = new Map<string, string>();
  for (const [i, puts] of batches.entries())
    for (const [j, { next }] of puts.entries()) {
      const result = results[i]?.[j];
      expect(["written", "conflict"]).toContain(result);
      if (result !== "written") continue;
      expect(winners.has(next.userId)).toBe(false);
      winners.set(next.userId, next.public.json);
    }
  const found = (await a?.read(ids)) ?? [];
  expect(found.map((record) => record?.public.json)).toEqual(ids.map((id) => winners.get(id)));
});

it("meets no deadlock where batches of the same users cross each other, and loses nothing", async () => {
  const both = stores("crossing");
  const ids = Array.from({ length: 40 }, (_, i) => `user${i}`);
  const written = new Map<string, number>();
  const [{ deadlocks: before } = {}] = await server.sql(
    "SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'",
  );
  await Promise.all(
    Array.from({ length: 8 }, async (_, writer) => {
      const store = both[writer % 2] as (typeof both)[0];
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
  const found = await both[0]?.read(ids);
  expect(found?.map((record) => record?.version)).toEqual(ids.map((id) => written.get(id)));
  for (const id of ids)
    expect((await both[0]?.history(id, { limit: 1000 }))?.map(({ version }) => version)).toEqual(
      Array.from({ length: written.get(id) ?? 0 }, (_, i) => (written.get(id) ?? 0) - i),
    );
  const [{ deadlocks: after } = {}] = await server.sql(
    "SELECT deadlocks FROM pg_stat_database WHERE datname = 'postgres'",
  );
  expect(after).toBe(before);
});

it("counts right by 4 processes that write the same users in batches", async () => {
  const writer = fileURLToPath(new URL("writer.ts", import.meta.url));
  const writers = Array.from({ length: 4 }, (_, i) =>
    fork(writer, [server.url, String(i)], {
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
  const store = postgresStore(server.url, { namespace: "processes" });
  const records = await store.list({ where: [], limit: 500 });
  const sum = records.reduce((total, { version }) => total + version, 0);
  expect(sum).toBe(counts.reduce((total, count) => total + count, 0));
  await store.close();
});

it("tells a duplicate from a conflict when the other write was committed while it waited", async () => {
  const texts: string[] = [];
  const store = postgresStore(
    watched(pools[0] as pg.Pool, ({ text }) => texts.push(text)),
    { namespace: "waiting" },
  );
  const first = putOf("bob");
  await store.write([first, putOf("new")]);
  await store.erase("new");
  const second = putOf("bob", first.next);
  const created = putOf("new");

  // The same change and another one, held back before their commit
  const client = await (pools[1] as pg.Pool).connect();
  await client.query("BEGIN");
  await client.query("UPDATE usermeta_records SET version = 2 WHERE namespace = 'waiting' AND user_id = 'bob'");
  const insert =
    "INSERT INTO usermeta_changes (namespace, user_id, version, id, at, digest) VALUES ('waiting', $1, $2, $3, 1, 'digest')";
  await client.query(insert, ["bob", 2, second.change.id]);
  await client.query(
    `INSERT INTO usermeta_records SELECT namespace, 'new', '0123456789abcdef', 1, created_at, public_json, 1, 1, '{}', 0, 0, '{}', 0, 0
      FROM usermeta_records WHERE namespace = 'waiting' AND user_id = 'bob'`,
  );
  texts.length = 0;
  const waiting = [store.write([second, created]), store.write([putOf("bob", first.next)])];
  await expect
    .poll(async () => (await server.sql("SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted"))[0]?.["n"])
    .toBe(2);
  await client.query("COMMIT");
  client.release();
  expect(await Promise.all(waiting)).toEqual([
    [{ duplicate: { version: 2, digest: "digest" } }, "conflict"],
    ["conflict"],
  ]);
  expect(texts).toHaveLength(4); // two round trips for each batch
});

it("gives up on a lock that somebody holds, with nothing written, and leaves no statement behind", async () => {
  const store = postgresStore(pools[0] as pg.Pool, { namespace: "locked" });
  const first = putOf("bob");
  await store.write([first]);
  const client = await (pools[1] as pg.Pool).connect();
  try {
    await client.query("BEGIN; SELECT FROM usermeta_records WHERE namespace = 'locked' FOR UPDATE");
    const calls = [store.write([putOf("bob", first.next)]), store.erase("bob")];
    expect(await Promise.all(calls.map(answerOf))).toEqual(["store_unavailable", "store_unavailable"]);
    expect(await server.sql("SELECT FROM pg_locks WHERE NOT granted")).toEqual([]);
    expect(await store.read(["bob"])).toEqual([first.next]);
  } finally {
    client.release(true);
  }
  expect(await store.write([putOf("bob", first.next)])).toEqual(["written"]);
});
