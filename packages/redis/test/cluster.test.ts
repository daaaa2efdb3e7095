import { redisStore } from "@usermeta/redis";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freeze, redisCluster, type Server, thaw } from "../../../test/servers.ts";
import { counted, eventually, increment, metaOn, onRedis, putOf, sleep, timely, user } from "./samples.ts";

type Cluster = ReturnType<typeof createCluster>;

/** The client, with a pause of a command's script before each one that `when` names. */
function delayed(client: Cluster, when: (args: readonly string[]) => Promise<unknown> | undefined): Cluster {
  return new Proxy(client, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name, target);
      if (name !== "sendCommand") return typeof value === "function" ? value.bind(target) : value;
      return async (key: string, isReadonly: boolean, args: string[], options: object) => {
        await when(args);
        return target.sendCommand(key, isReadonly, args, options);
      };
    },
  });
}

onRedis("in a cluster of three", () => {
  let server: Server & { readonly nodes: readonly Server[] };
  let client: Cluster;
  beforeAll(async () => {
    server = (await redisCluster()) as typeof server;
    client = createCluster({
      rootNodes: server.nodes.map(({ url }) => ({ url })),
      defaults: { disableOfflineQueue: true },
    });
    await client.connect();
  });
  afterAll(async () => {
    client.destroy();
    await server.stop();
  });

  const listed = async (store: ReturnType<typeof redisStore>, userId: string) => {
    const page = await store.list({ where: [], after: userId.slice(0, -1), limit: 500 });
    return page.some((record) => record.userId === userId);
  };
  /** The user's script and what it does, by its keys. */
  const about = (args: readonly string[], userId: string, ending: string) =>
    args[0]?.startsWith("EVAL") &&
    args.some((arg) => arg.endsWith(`${Buffer.from(userId).toString("base64url")}}${ending}`));

  it("needs one round trip per batch of reads or writes, and two when there are first writes", async () => {
    const { client: spied, take } = counted(client as unknown as Parameters<typeof counted>[0]);
    const store = redisStore(spied as unknown as Cluster);
    const warm = Array.from({ length: 100 }, () => putOf(user()));
    await store.write(warm);
    for (const { next } of warm) await store.erase(next.userId);
    const puts = Array.from({ length: 100 }, () => putOf(user()));
    const ids = puts.map(({ next }) => next.userId);
    const trips = async (work: Promise<unknown>) => {
      await work;
      return take();
    };
    take();
    expect(await trips(store.write(puts))).toBe(2);
    expect(await trips(store.write(puts.map(({ next }) => putOf(next.userId, next))))).toBe(1);
    expect(await trips(store.read(ids))).toBe(1);
    expect(await trips(store.list({ where: [], after: ids[0], limit: 10 }))).toBe(2);
    expect(await trips(store.erase(ids[0] ?? ""))).toBe(3);
  });

  it("refuses a client that knows of one server only", async () => {
    const store = redisStore(server.nodes[0]?.url ?? "");
    const write = async () => {
      for (let i = 0; i < 20; i++) await store.write([putOf(user())]);
    };
    await expect(write()).rejects.toMatchObject({ code: "invalid_config", message: /createCluster/ });
    await store.close();
  });

  // As in the README.
  const rights =
    "resetkeys resetchannels ~usermeta:* &usermeta:* -@all +evalsha +eval +get +mget +set +del +getrange +lpos +lindex " +
    "+lpush +ltrim +zadd +zrem +zrange +zremrangebyscore +zremrangebyrank +publish +subscribe +unsubscribe +ping " +
    "+hello +config|get +hget +hset +hdel +incr +asking +cluster|slots";

  it("needs the rights that the README lists, and no more", async () => {
    for (const { url } of server.nodes) {
      const node = await createClient({ url }).connect();
      await node.sendCommand(["ACL", "SETUSER", "least", "reset", "on", ">secret", ...rights.split(" ")]);
      node.destroy();
    }
    const least = createCluster({
      rootNodes: server.nodes.map(({ url }) => ({ url })),
      defaults: { username: "least", password: "secret" },
    });
    await least.connect();
    const store = redisStore(least);
    const events: unknown[] = [];
    const stop = store.watch((event) => void events.push(event));
    const puts = Array.from({ length: 30 }, () => putOf(user()));
    expect(await store.write(puts)).toEqual(puts.map(() => "written"));
    const next = puts.map((put) => ({ ...putOf(put.next.userId, put.next), retention: { entries: 1, since: 2e12 } }));
    expect(await store.write([...next, ...puts.slice(0, 3)])).toEqual([
      ...next.map(() => "written"),
      ...puts.slice(0, 3).map(() => ({ duplicate: { version: 1, digest: "digest" } })),
    ]);
    expect(await store.read(puts.map((put) => put.next.userId))).toEqual(next.map((put) => put.next));
    expect(await store.history(puts[0]?.next.userId ?? "", { limit: 5 })).toEqual([]);
    for (const put of puts) await store.erase(put.next.userId);
    expect(await listed(store, puts[0]?.next.userId ?? "")).toBe(false);
    await store.ping();
    await expect.poll(() => events, { timeout: 5_000 }).toContain("gap");
    stop();
    await store.close();
    least.destroy();
  });

  it("checks the settings of every node", async () => {
    const last = await createClient({ url: server.nodes[2]?.url ?? "" }).connect();
    await last.configSet("maxmemory-policy", "allkeys-lru");
    await expect(redisStore(client).ping()).rejects.toMatchObject({ code: "invalid_config" });
    await last.configSet("maxmemory-policy", "noeviction");
    await expect(redisStore(client).ping()).resolves.toBeUndefined();
    last.destroy();
  });

  it("lists every user who has a record at every moment, while first writes and erasures race", async () => {
    const store = redisStore(client, { namespace: "races" });
    const ids = Array.from({ length: 10 }, user);
    let running = true;
    const pick = () => ids[Math.floor(Math.random() * ids.length)] ?? "";
    const writer = async () => {
      while (running) await store.write([putOf(pick())]);
    };
    const eraser = async () => {
      while (running) await store.erase(pick());
    };
    let looks = 0;
    const missed: string[] = [];
    const looker = async () => {
      while (running) {
        const before = await store.read(ids);
        const page = new Set((await store.list({ where: [], limit: 100 })).map(({ userId }) => userId));
        const after = await store.read(ids);
        ids.forEach((userId, i) => {
          const stayed = before[i] !== undefined && before[i]?.incarnation === after[i]?.incarnation;
          if (stayed) looks++;
          if (stayed && !page.has(userId)) missed.push(userId);
        });
      }
    };
    const work = [writer(), writer(), writer(), eraser(), eraser(), looker(), looker()];
    await sleep(2_000);
    running = false;
    await Promise.all(work);
    expect(missed).toEqual([]);
    expect(looks).toBeGreaterThan(100);
    const records = (await store.read(ids)).filter((record) => record !== undefined);
    const page = await store.list({ where: [], limit: 100 });
    expect(page.map(({ userId }) => userId)).toEqual(records.map(({ userId }) => userId).toSorted());
    for (const userId of ids) await store.erase(userId);
    expect(await client.zCard(`usermeta:{${Buffer.from("races").toString("base64url")}.}:users`)).toBe(0);
    await store.close();
  });

  it("refuses a first write that was claimed before an erasure and arrives after it", async () => {
    const userId = user();
    const store = redisStore(client);
    let erased = false;
    const slow = redisStore(
      delayed(client, (args) =>
        about(args, userId, "") && !erased ? store.erase(userId).then(() => (erased = true)) : undefined,
      ),
    );
    const put = putOf(userId);
    expect(await slow.write([put])).toEqual(["conflict"]);
    expect([await store.read([userId]), await listed(store, userId)]).toEqual([[undefined], false]);
    expect(await slow.write([put])).toEqual(["written"]);
    expect([await store.read([userId]), await listed(store, userId)]).toEqual([[put.next], true]);
  });

  it("keeps a user in the list who is written again before an erasure is complete", async () => {
    const userId = user();
    const store = redisStore(client);
    await store.write([putOf(userId)]);
    const put = putOf(userId);
    let wasErased = false;
    let written: unknown;
    const slow = redisStore(
      delayed(client, async (args) => {
        if (!wasErased) wasErased = about(args, userId, ":erased") === true;
        else if (written === undefined) {
          written = "soon";
          written = await store.write([put]);
        }
      }),
    );
    await slow.erase(userId);
    // It was cancelled, and began again: the write came first.
    expect([written, await store.read([userId]), await listed(store, userId)]).toEqual([
      ["written"],
      [undefined],
      false,
    ]);
    expect(await store.write([put])).toEqual(["written"]);
    expect(await listed(store, userId)).toBe(true);
  });

  it("fills its pages up where users in the list have no record, and erase takes them out", async () => {
    const store = redisStore(client, { namespace: "ghosts" });
    const key = `usermeta:{${Buffer.from("ghosts").toString("base64url")}.}:users`;
    const ids = Array.from({ length: 40 }, (_, i) => `u${String(i).padStart(2, "0")}`);
    await store.write(ids.filter((_, i) => i % 8 === 0).map((id) => putOf(id)));
    for (const id of ids) await client.zAdd(key, { score: 0, value: id });
    const page = await store.list({ where: [], limit: 4 });
    expect(page.map(({ userId }) => userId)).toEqual(["u00", "u08", "u16", "u24"]);
    const rest = await store.list({ where: [], after: "u24", limit: 4 });
    expect(rest.map(({ userId }) => userId)).toEqual(["u32"]);
    for (const id of ids) await store.erase(id);
    expect(await client.zCard(key)).toBe(0);
  });

  it("reads on and writes as soon as it can while a slot moves to another node", async () => {
    const store = redisStore(client);
    const meta = metaOn(store);
    const userId = user();
    await increment(meta, userId);
    const tag = `usermeta:{.${Buffer.from(userId).toString("base64url")}}`;
    const nodes = await Promise.all(
      server.nodes.map(({ url }) =>
        createClient({ url })
          .on("error", () => {})
          .connect(),
      ),
    );
    const [first] = nodes as [(typeof nodes)[0]];
    const slot = String(await first.clusterKeySlot(tag));
    const source = [5460, 10922, 16383].findIndex((last) => Number(slot) <= last);
    const target = (source + 1) % 3;
    const [from, to] = [nodes[source], nodes[target]] as [typeof first, typeof first];
    const [fromId, toId] = [await from.clusterMyId(), await to.clusterMyId()];
    const port = new URL(server.nodes[target]?.url ?? "").port;
    await to.sendCommand(["CLUSTER", "SETSLOT", slot, "IMPORTING", fromId]);
    await from.sendCommand(["CLUSTER", "SETSLOT", slot, "MIGRATING", toId]);
    const during = Promise.all([increment(meta, userId), increment(meta, userId), increment(meta, userId)]);
    for (const key of [tag, `${tag}:ids`, `${tag}:changes`]) {
      expect((await store.read([userId]))[0]?.version).toBe(1);
      await from.sendCommand(["MIGRATE", "127.0.0.1", port, key, "0", "1000"]);
      await sleep(50);
    }
    expect((await store.read([userId]))[0]?.version).toBe(1);
    for (const node of [to, from, ...nodes]) await node.sendCommand(["CLUSTER", "SETSLOT", slot, "NODE", toId]);
    await during;
    await increment(meta, userId);
    expect([(await meta.get(userId)).private, (await meta.get(userId)).version]).toEqual([{ credits: 5 }, 5]);
    for (const node of nodes) node.destroy();
  });

  it("answers within 2 seconds while a node is frozen, serves the others, and then recovers", async () => {
    const store = redisStore(client);
    const puts = Array.from({ length: 60 }, () => putOf(user()));
    await store.write(puts);
    const [node] = server.nodes;
    await freeze(node?.pid as number);
    try {
      const next = puts.map((put) => putOf(put.next.userId, put.next));
      const results = (await timely(store.write(next))) as string[];
      expect(new Set(results)).toEqual(new Set(["written", "unknown"]));
      expect(await timely(store.read(puts.map((put) => put.next.userId)))).toBe("store_unavailable");
      const single = results.indexOf("written");
      expect(await timely(store.read([puts[single]?.next.userId ?? ""]))).toEqual([next[single]?.next]);
      expect(await timely(store.ping())).toBe("store_unavailable");
    } finally {
      thaw(node?.pid as number);
    }
    await eventually(() => store.ping());
    await eventually(() => store.write([putOf(user())]));
  });
});
