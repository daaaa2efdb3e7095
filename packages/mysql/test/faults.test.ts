import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { UserMetaError } from "@usermeta/core";
import { type MysqlPool, mysqlStore } from "@usermeta/mysql";
import mysql from "mysql2/promise";
import { beforeAll, describe, expect, it } from "vitest";
import { proxyTo } from "./proxy.ts";
import { answerOf, eventually, increment, metaOn, putOf, startServer } from "./samples.ts";

const server = await startServer();
beforeAll(async () => {
  await mysqlStore(server.url).migrate();
});

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
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}
const frozen = async (): Promise<Hanging> => ({
  url: server.url,
  freeze: () => server.signal("SIGSTOP"),
  thaw: () => server.signal("SIGCONT"),
  stop: async () => {},
});
async function swallowed(): Promise<Hanging> {
  const proxy = await proxyTo(server.url);
  const swallow = (isBlackHole: boolean) => () => {
    proxy.isBlackHole = isBlackHole;
  };
  return { url: proxy.url, freeze: swallow(true), thaw: swallow(false), stop: proxy.stop };
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
    freeze();
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

it("frees what a connection has locked that vanished without a word", async () => {
  const proxy = await proxyTo(server.url);
  const [behind, direct] = [proxy.url, server.url].map((url) => mysqlStore(url, { namespace: "vanished" }));
  const first = putOf("bob");
  await direct?.write([first]);
  const pool = mysql.createPool(proxy.url);
  await behind?.ping();
  // The same session as the store's, in the middle of a write
  const put = putOf("bob", first.next);
  proxy.budget = 5;
  await behind?.write([put]).catch(() => {});
  proxy.budget = undefined;
  expect(await eventually(async () => direct?.write([put]))).toEqual(["written"]);
  await Promise.all([behind?.close(), direct?.close(), pool.end(), proxy.stop()]);
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

describe("a connection cut before each packet of a write", () => {
  it("leaves the put written once or not at all, and never says so wrongly", async () => {
    const proxy = await proxyTo(server.url);
    const pool = mysql.createPool(proxy.url);
    const store = mysqlStore(pool, { namespace: "cut", timeout: 20_000 });
    const outcomes = new Set<unknown>();
    let latest = putOf("bob");
    await store.write([latest]);
    for (let packets = 0, isWhole = false; !isWhole; packets++) {
      await store.ping(); // a connection that is open already
      const put = putOf("bob", latest.next);
      proxy.budget = packets;
      const restored = setTimeout(50).then(() => {
        isWhole = proxy.budget !== 0;
        proxy.budget = undefined;
      });
      // What was lost before the commit is done again on another connection.
      const [result] = await eventually(() => store.write([put]));
      await restored;
      outcomes.add(result);
      const [found] = await store.read(["bob"]);
      if (result === "written") expect(found).toEqual(put.next);
      expect([latest.next, put.next]).toContainEqual(found);
      const isThere = found?.version === put.next.version;
      const [again] = await store.write([put]);
      expect(again).toEqual(isThere ? { duplicate: { version: put.next.version, digest: "digest" } } : "written");
      expect(await store.history("bob", { limit: 1 })).toEqual([put.change]);
      latest = put;
      expect(packets).toBeLessThan(100);
    }
    expect(outcomes).toEqual(new Set(["unknown", "written"]));
    expect(latest.next.version).toBeGreaterThan(10);
    await store.close();
    await pool.end();
    await proxy.stop();
  });

  it("never doubles an update that is repeated under its idempotency key", async () => {
    const proxy = await proxyTo(server.url);
    const store = mysqlStore(proxy.url, { namespace: "cut update" });
    const meta = metaOn(store);
    await increment(meta, "bob");
    let count = 1;
    for (let packets = 0, isWhole = false; !isWhole; packets++) {
      await eventually(() => store.ping());
      proxy.budget = packets;
      const key = randomUUID();
      const done = increment(meta, "bob", key).then(
        () => true,
        () => false,
      );
      await Promise.race([done, setTimeout(50)]);
      isWhole = proxy.budget > 0;
      proxy.budget = undefined;
      await done;
      await eventually(() => increment(meta, "bob", key));
      count++;
      expect((await eventually(() => meta.get("bob"))).private).toEqual({ credits: count });
      expect(packets).toBeLessThan(200);
    }
    expect(count).toBeGreaterThan(10);
    await store.close();
    await proxy.stop();
  });
});

describe("errors of the server", () => {
  /** A pool whose statements of one kind fail in this way, and what became of its connections. */
  function failing(kind: string, error: unknown): { pool: MysqlPool; ends: string[] } {
    const ends: string[] = [];
    const rows = (sql: string) => (sql.includes("usermeta_schema") ? [{ version: 1, compatible_from: 1 }] : written);
    const connection = {
      query: async ({ sql }: { sql: string }): Promise<[unknown, unknown]> => {
        if (sql.startsWith(kind) && !sql.includes("usermeta_schema")) throw error;
        return [rows(sql), undefined];
      },
      release: () => void ends.push("released"),
      destroy: () => void ends.push("destroyed"),
    };
    return { pool: { getConnection: async () => connection }, ends };
  }
  const put = putOf("bob");
  const written = [
    {
      place: 0,
      version: 1,
      change_id: Buffer.from(put.change.id),
      expected: Buffer.from(""),
      known_version: null,
      known_digest: null,
      oldest: null,
      oldest_whole: null,
      oldest_kept: null,
    },
  ];
  const said = (errno: number) => Object.assign(new Error(String(errno)), { errno, sqlState: "HY000" });
  const lost = Object.assign(new Error("read ECONNRESET"), { errno: -104, code: "ECONNRESET", fatal: true });

  it.each<[string, string, Error, unknown, string]>([
    ["a lost connection", "SELECT", lost, "store_unavailable", "destroyed"],
    ["a deadlock", "INSERT", said(1213), "store_unavailable", "released"],
    ["a lock that is held", "INSERT", said(1205), "store_unavailable", "released"],
    ["a shutdown", "INSERT", said(1053), "store_unavailable", "destroyed"],
    ["a full disk", "INSERT", said(1021), "store_unavailable", "released"],
    ["a server that became a replica", "INSERT", said(1290), "store_unavailable", "released"],
    ["a missing table", "INSERT", said(1146), "invalid_config", "released"],
    ["a missing privilege", "INSERT", said(1142), "invalid_config", "released"],
    ["a lost connection at the commit", "COMMIT", lost, ["unknown"], "destroyed"],
    ["an error at the commit", "COMMIT", said(1180), ["unknown"], "destroyed"],
    ["a refusal of a cluster at the commit", "COMMIT", said(1213), "store_unavailable", "destroyed"],
  ])("on %s answers what is known", async (_, kind, error, answer, end) => {
    const { pool, ends } = failing(kind, error);
    const store = mysqlStore(pool, { timeout: 100 });
    expect(await answerOf(store.write([put]))).toEqual(answer);
    expect(new Set(ends)).toEqual(new Set([end]));
  });

  it("says that an erasure is uncertain when the commit is not answered", async () => {
    const store = mysqlStore(failing("COMMIT", lost).pool);
    expect(await answerOf(store.erase("bob"))).toBe("outcome_unknown");
  });

  it("throws bugs as they are", async () => {
    const bug = new TypeError("a bug");
    await expect(mysqlStore(failing("INSERT", bug).pool).write([put])).rejects.toBe(bug);
    const refused = said(1062);
    await expect(mysqlStore(failing("INSERT", refused).pool).write([put])).rejects.toBe(refused);
  });
});
