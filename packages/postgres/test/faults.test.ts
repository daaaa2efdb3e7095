import { randomUUID } from "node:crypto";
import { setImmediate, setTimeout } from "node:timers/promises";
import { UserMetaError } from "@usermeta/core";
import { type PostgresPool, postgresStore } from "@usermeta/postgres";
import pg from "pg";
import { beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { proxyTo } from "./proxy.ts";
import { answerOf, eventually, increment, metaOn, putOf, startServer } from "./samples.ts";

const server = await startServer();
beforeAll(() => postgresStore(server.url).migrate());
const unavailable = { code: "store_unavailable" };

it("rejects at once when nobody listens, and when the login is refused", async () => {
  for (const url of ["postgres://nobody@127.0.0.1:1/none", server.url.replace("postgres@", "nobody@")]) {
    const store = postgresStore(url);
    const calls = [store.read(["bob"]), store.write([putOf("bob")]), store.erase("bob"), store.ping(), store.migrate()];
    expect(await Promise.all(calls.map(answerOf))).toEqual(calls.map(() => "store_unavailable"));
    await store.close();
  }
});

it("rejects within its time when the pool is exhausted, with nothing written, and works when there is room", async () => {
  const pool = new pg.Pool({ connectionString: server.url, max: 1 });
  const store = postgresStore(pool, { namespace: "exhausted" });
  await store.ping();
  const client = await pool.connect();
  const calls = [store.read(["bob"]), store.write([putOf("bob")]), store.erase("bob"), store.ping()];
  expect(await Promise.all(calls.map(answerOf))).toEqual(calls.map(() => "store_unavailable"));
  client.release();
  expect(await store.read(["bob"])).toEqual([undefined]);
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
  expect([pool.totalCount, pool.idleCount, pool.waitingCount]).toEqual([1, 1, 0]);
  await pool.end();
});

describe.each<
  [string, () => Promise<{ url: string; freeze: () => Promise<void>; thaw: () => void; stop: () => Promise<void> }>]
>([
  [
    "the server is frozen",
    async () => ({
      url: server.url,
      freeze: () => server.freeze(),
      thaw: () => server.thaw(),
      stop: async () => {},
    }),
  ],
  [
    "the network swallows everything",
    async () => {
      const proxy = await proxyTo(server.url);
      const freeze = async () => {
        proxy.isBlackHole = true;
      };
      const thaw = () => {
        proxy.isBlackHole = false;
      };
      return { url: proxy.url, freeze, thaw, stop: () => proxy.stop() };
    },
  ],
])("while %s", (name, arrange) => {
  it.each([
    ["a URL", (url: string) => ({ database: url as string | pg.Pool, end: async () => {} })],
    [
      "a pool",
      (url: string) => {
        const pool = new pg.Pool({ connectionString: url, connectionTimeoutMillis: 1_000 });
        return { database: pool, end: () => pool.end() };
      },
    ],
  ])("a store on %s answers within 2 seconds, and then works again", async (kind, connect) => {
    const { url, freeze, thaw, stop } = await arrange();
    const { database, end } = connect(url);
    const store = postgresStore(database, { namespace: `${name} ${kind}` });
    const idle = await Promise.all(Array.from({ length: 5 }, () => store.ping())); // so many connections
    expect(idle).toHaveLength(5);
    const put = putOf("bob");
    onTestFinished(thaw); // for the tests that follow
    await freeze();
    const first = [store.write([put]), store.erase("ann"), store.read(["bob"]), store.ping()];
    expect(await Promise.all(first.map(answerOf))).toEqual([
      ["unknown"],
      "outcome_unknown",
      "store_unavailable",
      "store_unavailable",
    ]);
    const later = [store.write([putOf("eve")]), store.read(["bob"])]; // they need a new connection
    expect(await Promise.all(later.map(answerOf))).toEqual(["store_unavailable", "store_unavailable"]);
    thaw();
    const start = performance.now();
    const [result] = await eventually(async () => {
      const results = await store.write([put]);
      expect(results).not.toEqual(["unknown"]);
      return results;
    });
    expect(performance.now() - start).toBeLessThan(5_000);
    // Frozen, the server carries out what it was sent; swallowed, it never saw it.
    expect(["written", { duplicate: { version: 1, digest: "digest" } }]).toContainEqual(result);
    expect(await store.read(["bob", "eve"])).toEqual([put.next, undefined]);
    await store.close();
    await end();
    await stop();
  });
});

it("takes an answer that came in time, although this process was held up meanwhile", async () => {
  const store = postgresStore(server.url, { namespace: "held up", timeout: 1_200 });
  await store.ping();
  const writing = store.write([putOf("bob")]);
  await setImmediate(); // it is on its way
  for (const end = performance.now() + 1_800; performance.now() < end; );
  expect(await writing).toEqual(["written"]);
  await store.close();
});

it("closes within its time although the server does not answer", async () => {
  const proxy = await proxyTo(server.url);
  const store = postgresStore(proxy.url, { namespace: "closing", timeout: 500 });
  await Promise.all([store.ping(), store.ping()]);
  const stop = store.watch?.(() => {});
  proxy.isBlackHole = true;
  const pending = store.write([putOf("bob")]);
  const start = performance.now();
  await store.close();
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(await pending).toEqual(["unknown"]);
  stop?.();
  await proxy.stop();
});

it("loses nothing and repeats nothing when its server crashes under load, and works again by itself", async () => {
  const stores = [1, 2].map(() => postgresStore(server.url, { namespace: "crash" }));
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
    const [backend] = await eventually(() =>
      server.sql("SELECT pid FROM pg_stat_activity WHERE application_name = 'usermeta' LIMIT 1"),
    );
    process.kill(Number(backend?.["pid"]), "SIGKILL"); // the server takes all the others down and recovers
  }
  await setTimeout(500);
  running = false;
  await Promise.all(clients);
  const found = await metas[0]?.getMany(users);
  expect(found?.map((record) => record.private["credits"])).toEqual(users.map((user) => acknowledged.get(user)));
  const expected = ["store_unavailable", "outcome_unknown", "write_contention"];
  expect([...codes].filter((code) => !expected.includes(code as string))).toEqual([]);
  await Promise.all(stores.map((store) => store.close()));
});

describe("errors of PostgreSQL", () => {
  /** A pool whose next statement fails in this way, after the check of the schema. */
  function failing(error: unknown): { pool: PostgresPool; released: unknown[] } {
    const released: unknown[] = [];
    const query = ({ text }: { text: string }) =>
      text.includes("usermeta_schema")
        ? Promise.resolve({ rows: [{ version: 1, compatible_from: 1 }] })
        : Promise.reject(error);
    const client = {
      query,
      on: () => {},
      removeListener: () => {},
      release: (close?: boolean) => released.push(close),
    };
    return { pool: { connect: async () => client, on: () => {}, removeListener: () => {} }, released };
  }
  const said = (code: string, severity = "ERROR") => Object.assign(new Error(code), { code, severity });
  const lost = new Error("Connection terminated unexpectedly");

  it.each<[string, Error, unknown, unknown, boolean]>([
    ["a lost connection", lost, "store_unavailable", ["unknown"], true],
    [
      "a broken pipe",
      Object.assign(new Error("write EPIPE"), { code: "EPIPE" }),
      "store_unavailable",
      ["unknown"],
      true,
    ],
    ["a shutdown", said("57P01", "FATAL"), "store_unavailable", ["unknown"], true],
    ["a panic", said("XX000", "PANIC"), "store_unavailable", ["unknown"], true],
    ["a statement timeout", said("57014"), "store_unavailable", "store_unavailable", false],
    ["a full disk", said("53100"), "store_unavailable", "store_unavailable", false],
    ["a server that became a standby", said("25006"), "store_unavailable", "store_unavailable", true],
    ["a missing table", said("42P01"), "invalid_config", "invalid_config", false],
    ["a missing right", said("42501"), "42501", "42501", false],
  ])("on %s answers what is known", async (_, error, reading, writing, isClosed) => {
    const { pool, released } = failing(error);
    const store = postgresStore(pool);
    expect([await answerOf(store.read(["bob"])), await answerOf(store.write([putOf("bob")]))]).toEqual([
      reading,
      writing,
    ]);
    expect(released).toEqual([isClosed, isClosed]);
  });

  it("throws bugs as they are", async () => {
    const bug = new TypeError("a bug");
    const store = postgresStore(failing(bug).pool);
    await expect(store.write([putOf("bob")])).rejects.toBe(bug);
  });

  it("does not repeat a collision for longer than its time", async () => {
    const store = postgresStore(failing(said("40P01")).pool, { timeout: 100 });
    await expect(store.write([putOf("bob")])).rejects.toMatchObject(unavailable);
  });
});
