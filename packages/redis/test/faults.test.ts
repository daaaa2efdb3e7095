import { redisStore } from "@usermeta/redis";
import { createClient } from "redis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freeze, redis, type Server, thaw } from "../../../test/servers.ts";
import {
  eventually,
  type Fate,
  increment,
  metaOn,
  mortal,
  onRedis,
  proxyTo,
  putOf,
  sleep,
  timely,
  user,
} from "./samples.ts";

const unavailable = expect.objectContaining({ code: "store_unavailable" });
/** Of a write that may or may not have happened. */
const undecided = ["unknown", "store_unavailable"];
const credits = async (meta: ReturnType<typeof metaOn>, userId: string) => (await meta.get(userId)).private["credits"];

onRedis("faults of one server", () => {
  let server: Server;
  beforeAll(async () => {
    server = (await redis()) as Server;
  });
  afterAll(() => server.stop());

  it("loses none of 64 increments that 2 clients make at once", async () => {
    const stores = [redisStore(server.url), redisStore(server.url)];
    const metas = stores.map(metaOn);
    const userId = user();
    await Promise.all(Array.from({ length: 64 }, (_, i) => increment(metas[i % 2] as (typeof metas)[0], userId)));
    expect(await credits(metas[0] as (typeof metas)[0], userId)).toBe(64);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("writes each of 100 new users once when 4 clients race for them", async () => {
    const stores = Array.from({ length: 4 }, () => redisStore(server.url));
    const ids = Array.from({ length: 100 }, user);
    const results = await Promise.all(stores.map((store) => store.write(ids.map((id) => putOf(id)))));
    const winners = ids.map((_, i) => results.filter((of) => of[i] === "written").length);
    expect(winners).toEqual(ids.map(() => 1));
    expect(results.flat().filter((result) => result === "conflict")).toHaveLength(300);
    await Promise.all(stores.map((store) => store.close()));
  });

  it("runs its scripts again after the server forgot them", async () => {
    const client = await createClient({ url: server.url }).connect();
    const store = redisStore(client);
    const put = putOf(user());
    expect(await store.write([put])).toEqual(["written"]);
    await client.scriptFlush();
    expect(await store.write([putOf(put.next.userId, put.next)])).toEqual(["written"]);
    client.destroy();
  });

  it("is unavailable, and writes nothing, while the memory is full; reading goes on", async () => {
    const client = await createClient({ url: server.url }).connect();
    const store = redisStore(server.url);
    const [known, put] = [putOf(user()), putOf(user())];
    await store.write([known]);
    await client.configSet("maxmemory", "1");
    try {
      await expect(store.write([put])).rejects.toEqual(unavailable);
      expect(await store.read([put.next.userId, known.next.userId])).toEqual([undefined, known.next]);
      await expect(redisStore(client).ping()).resolves.toBeUndefined();
    } finally {
      await client.configSet("maxmemory", "0");
    }
    expect(await store.write([put])).toEqual(["written"]);
    await store.close();
    client.destroy();
  });

  it.each(["URL", "client"])(
    "answers within 2 seconds while the server is frozen, and then recovers, by %s",
    async (by) => {
      const client = createClient({ url: server.url });
      const store = redisStore(by === "URL" ? server.url : await client.connect());
      const [first, put] = [putOf(user()), putOf(user())];
      await store.write([first]);
      await freeze(server.pid as number);
      try {
        const answers = await Promise.all([
          timely(store.read([first.next.userId])),
          timely(store.write([put]).then(([result]) => result)),
          timely(store.ping()),
          timely(store.list({ where: [], limit: 1 })),
          timely(store.erase(user())),
        ]);
        expect(answers).toEqual(["store_unavailable", "unknown", ...Array(3).fill("store_unavailable")]);
        expect(undecided).toContain(await timely(store.write([putOf(user())]).then(([result]) => result)));
      } finally {
        thaw(server.pid as number);
      }
      await eventually(() => store.ping());
      const again = await store.write([put]);
      expect([["written"], [{ duplicate: { version: 1, digest: "digest" } }]]).toContainEqual(again);
      expect(await store.read([put.next.userId])).toEqual([put.next]);
      await store.close();
      if (by === "client") client.destroy();
    },
  );

  it("answers within 2 seconds when the network swallows everything, and connects anew", async () => {
    const proxy = await proxyTo(server.url);
    const store = redisStore(proxy.url);
    await store.ping();
    proxy.swallow();
    const write = store.write([putOf(user())]).then(([result]) => result);
    expect(await Promise.all([timely(store.read(["bob"])), timely(write)])).toEqual(["store_unavailable", "unknown"]);
    await eventually(() => store.ping());
    expect(await store.write([putOf(user())])).toEqual(["written"]);
    await store.close();
    proxy.close();
  });

  it.each<Fate>(["cut before", "cut after"])(
    "happens once or not at all when the connection is %s any message of a write",
    async (fate) => {
      const proxy = await proxyTo(server.url);
      let cuts = 0;
      for (let message = 1; ; message++) {
        const store = redisStore(proxy.url);
        const meta = metaOn(store);
        await meta.ping();
        const userId = user();
        let seen = 0;
        proxy.fate = () => (++seen === message ? fate : "pass");
        const outcome = await timely(increment(meta, userId, "key"));
        const wasCut = seen >= message;
        if (wasCut) cuts++;
        // A kept connection or one that was restored within the deadline: the write went through.
        expect([undefined, "store_unavailable", "outcome_unknown"]).toContain(outcome);
        proxy.fate = () => "pass";
        const now = await eventually(() => credits(meta, userId));
        expect(outcome === undefined ? [1] : [undefined, 1]).toContain(now);
        await increment(meta, userId, "key");
        expect([await credits(meta, userId), (await meta.get(userId)).version]).toEqual([1, 1]);
        await store.close();
        if (!wasCut) break;
      }
      expect(cuts).toBeGreaterThanOrEqual(2);
      proxy.close();
    },
  );
});

onRedis("a server that dies", () => {
  it("fails at once by URL when nobody listens", async () => {
    const store = redisStore("redis://127.0.0.1:1");
    expect(await timely(store.read(["bob"]))).toBe("store_unavailable");
    const from = performance.now();
    await expect(store.write([putOf(user())])).rejects.toEqual(unavailable);
    await expect(store.ping()).rejects.toMatchObject({ cause: { message: /ECONNREFUSED/ } });
    expect(performance.now() - from).toBeLessThan(500);
    await store.close();
  });

  it("never carries out later what it has called unavailable, though the client keeps commands while offline", async () => {
    const server = await mortal();
    const client = await createClient({ url: server.url })
      .on("error", () => {})
      .connect();
    const store = redisStore(client);
    await store.ping();
    server.kill();
    await eventually(async () => expect(client.isReady).toBe(false));
    const put = putOf(user());
    expect(await timely(store.write([put]))).toBe("store_unavailable");
    expect(await timely(store.read(["bob"]))).toBe("store_unavailable");
    await server.start();
    expect(await eventually(() => store.read([put.next.userId]))).toEqual([undefined]);
    await store.close();
    client.destroy();
    await server.stop();
  });

  it("loses no acknowledged write and repeats none when it is killed and restarted under load", async () => {
    const server = await mortal();
    const stores = [redisStore(server.url), redisStore(server.url)];
    const metas = stores.map(metaOn);
    const users = Array.from({ length: 16 }, user);
    const failures: string[] = [];
    const counts = users.map(() => 0);
    let running = true;
    const work = users.map(async (userId, i) => {
      while (running) {
        const key = `${userId}-${counts[i]}`;
        await eventually(async () => {
          const outcome = await timely(increment(metas[i % 2] as (typeof metas)[0], userId, key));
          if (outcome === undefined) return;
          failures.push(outcome);
          throw new Error(outcome);
        });
        counts[i] = (counts[i] ?? 0) + 1;
      }
    });
    for (let kills = 0; kills < 3; kills++) {
      await sleep(300);
      server.kill();
      await sleep(300);
      await server.start();
      const from = performance.now();
      await eventually(() => Promise.all(stores.map((store) => store.ping())));
      expect(performance.now() - from).toBeLessThan(5_000);
    }
    await sleep(300);
    running = false;
    await Promise.all(work);
    const found = await Promise.all(users.map((userId) => credits(metas[0] as (typeof metas)[0], userId)));
    expect(found).toEqual(counts);
    const others = failures.filter((code) => code !== "store_unavailable" && code !== "outcome_unknown");
    expect([others, failures.length > 0]).toEqual([[], true]);
    await Promise.all(stores.map((store) => store.close()));
    await server.stop();
  }, 60_000);
});
