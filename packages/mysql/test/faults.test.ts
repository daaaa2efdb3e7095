import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { UserMetaError } from "@usermeta/core";
import { type MysqlPool, mysqlStore } from "@usermeta/mysql";
import mysql from "mysql2/promise";
import { describe, expect, it, onTestFinished } from "vitest";
import { proxyTo } from "./proxy.ts";
import { answerOf, eventually, increment, metaOn, putOf, startServer } from "./samples.ts";

const server = await startServer();

it("rejects at once when nobody listens", async () => {
  const store = mysqlStore("mysql://nobody@127.0.0.1:1/none");
  const calls = [store.read(["bob"]), store.write([putOf("bob")]), store.erase("bob"), store.ping(), store.migrate()];
  expect(await Promise.all(calls.map(answerOf))).toEqual(calls.map(() => "store_unavailable"));
  await store.close();
});

it("rejects within its time when the pool is exhausted, with nothing written, and works when there is room", async () => {
  const pool = mysql.createPool({ uri: server.url, connectionLimit: 1 });
  const store = mysqlStore(pool, { namespace: "exhausted" });
  await store.ping();
  const connection = await pool.getConnection();
  const calls = [store.read(["bob"]), store.write([putOf("bob")]), store.erase("bob"), store.ping()];
  expect(await Promise.all(calls.map(answerOf))).toEqual(calls.map(() => "store_unavailable"));
  connection.release();
  expect(await store.read(["bob"])).toEqual([undefined]);
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
  await pool.end();
});

interface Hanging {
  readonly url: string;
  readonly freeze: () => Promise<void>;
  readonly thaw: () => void;
  readonly stop: () => Promise<void>;
}
const frozen = async (): Promise<Hanging> => ({
  url: server.url,
  freeze: () => server.freeze(),
  thaw: () => server.thaw(),
  stop: async () => {},
});
async function swallowed(): Promise<Hanging> {
  const proxy = await proxyTo(server.url);
  const swallow = (isBlackHole: boolean): void => {
    proxy.isBlackHole = isBlackHole;
  };
  return { url: proxy.url, freeze: async () => swallow(true), thaw: () => swallow(false), stop: proxy.stop };
}

describe.each([
  ["the server is frozen", frozen],
  ["the network swallows everything", swallowed],
])("while %s", (name, arrange) => {
  it.each([
    ["a URL", (url: string) => ({ pool: url as string | MysqlPool, end: async () => {} })],
    [
      "a pool",
      (url: string) => {
        const pool = mysql.createPool({ uri: url, connectTimeout: 1_000 });
        return { pool: pool as string | MysqlPool, end: () => pool.end() };
      },
    ],
  ])("a store on %s answers within 2 seconds, and then works again", async (kind, connect) => {
    const { url, freeze, thaw, stop } = await arrange();
    const { pool, end } = connect(url);
    const store = mysqlStore(pool, { namespace: `${name} ${kind}` });
    await Promise.all(Array.from({ length: 5 }, () => store.ping())); // so many connections
    const put = putOf("bob");
    onTestFinished(thaw); // for the tests that follow
    await freeze();
    const first = [store.write([put]), store.erase("ann"), store.read(["bob"]), store.ping()];
    expect(await Promise.all(first.map(answerOf))).toEqual(first.map(() => "store_unavailable"));
    const later = [store.write([putOf("eve")]), store.read(["bob"])]; // they need a new connection
    expect(await Promise.all(later.map(answerOf))).toEqual(later.map(() => "store_unavailable"));
    thaw();
    const start = performance.now();
    expect(await eventually(() => store.write([put]))).toEqual(["written"]);
    expect(performance.now() - start).toBeLessThan(10_000);
    expect(await store.read(["bob", "eve"])).toEqual([put.next, undefined]);
    await store.close();
    await end();
    await stop();
  });
});

it("closes within its time although the server does not answer", async () => {
  const proxy = await proxyTo(server.url);
  const store = mysqlStore(proxy.url, { namespace: "closing", timeout: 500 });
  await Promise.all([store.ping(), store.ping()]);
  proxy.isBlackHole = true;
  const pending = answerOf(store.write([putOf("bob")]));
  expect(await answerOf(store.close())).toBeUndefined();
  expect(await pending).toBe("store_unavailable");
  await proxy.stop();
});

it("loses nothing and repeats nothing when its server crashes under load, and works again by itself", async () => {
  const stores = [1, 2].map(() => mysqlStore(server.url, { namespace: "crash" }));
  const metas = stores.map(metaOn);
  const users = Array.from({ length: 8 }, (_, i) => `user${i}`);
  const acknowledged = new Map<string, number>();
  const codes = new Set<unknown>();
  let running = true;
  const clients = Array.from({ length: 32 }, async (_, i) => {
    const userId = users[i % users.length] as string;
    while (running || !acknowledged.has(userId)) {
      const key = randomUUID();
      await eventually(async () => {
        try {
          await increment(metas[i % 2] as (typeof metas)[0], userId, key);
        } catch (error) {
          codes.add(error instanceof UserMetaError ? error.code : error);
          throw error;
        }
      });
      acknowledged.set(userId, (acknowledged.get(userId) ?? 0) + 1);
    }
  });
  for (let crash = 0; crash < 3; crash++) {
    await setTimeout(500);
    await server.crash();
  }
  await setTimeout(500);
  running = false;
  await Promise.all(clients);
  const found = await metas[0]?.getMany(users);
  expect(found?.map((record) => record.private["credits"])).toEqual(users.map((user) => acknowledged.get(user)));
  const expected = ["store_unavailable", "outcome_unknown", "write_contention"];
  expect([...codes].filter((code) => !expected.includes(code as string))).toEqual([]);
  expect(codes.size).toBeGreaterThan(0);
  await Promise.all(stores.map((store) => store.close()));
});
