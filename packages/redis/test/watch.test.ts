import { type RedisStore, redisStore } from "@usermeta/redis";
import { createClient, createCluster } from "redis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freeze, redis, redisCluster, type Server, thaw } from "../../../test/servers.ts";
import { eventually, mortal, onRedis, putOf, user } from "./samples.ts";

/** What a store tells, in order. */
async function watching(store: RedisStore): Promise<{ events: unknown[]; stop: () => void }> {
  const events: unknown[] = [];
  const stop = store.watch((event) => void events.push(event));
  await expect.poll(() => events, { timeout: 5_000 }).toEqual(["gap"]);
  events.length = 0;
  return { events, stop };
}

onRedis("watch", () => {
  let server: Server;
  let cluster: Server & { readonly nodes: readonly Server[] };
  beforeAll(async () => {
    server = (await redis()) as Server;
    cluster = (await redisCluster()) as typeof cluster;
  });
  afterAll(async () => {
    await server.stop();
    await cluster.stop();
  });

  const opens: [string, () => Promise<{ open: (namespace?: string) => RedisStore; end: () => void }>][] = [
    ["a URL", async () => ({ open: (namespace = "") => redisStore(server.url, { namespace }), end: () => {} })],
    [
      "a client",
      async () => {
        const client = await createClient({ url: server.url, RESP: 2 }).connect();
        return { open: (namespace = "") => redisStore(client, { namespace }), end: () => client.destroy() };
      },
    ],
    [
      "a cluster",
      async () => {
        const client = await createCluster({ rootNodes: cluster.nodes.map(({ url }) => ({ url })) }).connect();
        return { open: (namespace = "") => redisStore(client, { namespace }), end: () => client.destroy() };
      },
    ],
  ];

  it.each(opens)("tells of what others write and erase, by %s", async (_, connect) => {
    const { open, end } = await connect();
    const [own, other, apart] = [open(), open(), open("apart")];
    const { events, stop } = await watching(own);
    const puts = Array.from({ length: 20 }, () => putOf(user()));
    await own.write([putOf(user())]);
    await apart.write([putOf(user())]);
    await other.write(puts);
    await other.write([puts[0] as (typeof puts)[0], putOf(puts[1]?.next.userId ?? "")]);
    await other.erase("😀 é");
    const expected = [...puts.map(({ next }) => next.userId), "😀 é"].toSorted();
    const ids = () => events.map((event) => (event as { userId: string }).userId).toSorted();
    await expect.poll(ids).toEqual(expected);
    stop();
    stop();
    await other.write([putOf(user())]);
    await other.ping();
    expect(ids()).toEqual(expected);
    for (const store of [own, other, apart]) await store.close();
    end();
  });

  it.each(opens)("turns a lost connection into a gap and listens again, by %s", async (_, connect) => {
    const { open, end } = await connect();
    const [own, other] = [open(), open()];
    await other.ping();
    const { events } = await watching(own);
    for (const { url } of [server, ...cluster.nodes]) {
      const admin = await createClient({ url }).connect();
      await admin.sendCommand(["CLIENT", "KILL", "TYPE", "pubsub"]);
      admin.destroy();
    }
    // Once when it was lost, once when it was restored.
    await expect.poll(() => events, { timeout: 10_000 }).toEqual(["gap", "gap"]);
    const put = putOf(user());
    await other.write([put]);
    await expect.poll(() => events.at(-1)).toEqual({ userId: put.next.userId });
    await own.close();
    await other.write([putOf(user())]);
    expect(events).toHaveLength(3);
    await other.close();
    end();
  });

  it("comes back after the server was away, even when it was away from the start", async () => {
    const away = await mortal();
    const store = redisStore(away.url);
    const other = redisStore(away.url);
    away.kill();
    const events: unknown[] = [];
    const stop = store.watch((event) => void events.push(event));
    await away.start();
    await expect.poll(() => events, { timeout: 10_000 }).toEqual(["gap"]);
    const put = putOf(user());
    await eventually(() => other.write([put]));
    await expect.poll(() => events).toEqual(["gap", { userId: put.next.userId }]);
    stop();
    await store.close();
    await other.close();
    await away.stop();
  });

  it("notices a server that is frozen", async () => {
    const frozen = await mortal();
    const store = redisStore(frozen.url);
    const { events } = await watching(store);
    await freeze(frozen.pid());
    await expect.poll(() => events, { timeout: 10_000 }).toEqual(["gap"]);
    thaw(frozen.pid());
    await expect.poll(() => events, { timeout: 10_000 }).toEqual(["gap", "gap"]);
    await store.close();
    await frozen.stop();
  });
});
