import { redisStore } from "@usermeta/redis";
import { createClient } from "redis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { redis, type Server } from "../../../test/servers.ts";
import { counted, onRedis, putOf, user } from "./samples.ts";

const config = (message: RegExp) =>
  expect.objectContaining({ code: "invalid_config", message: expect.stringMatching(message) });

describe("options", () => {
  const wrong: [string, () => unknown, RegExp][] = [
    ["no client", () => redisStore(undefined as never), /needs a URL, or a client/],
    ["a URL that is none", () => redisStore("localhost"), /needs a URL like "redis:/],
    ["a URL of something else", () => redisStore("http://127.0.0.1"), /needs a URL like "redis:/],
    [
      "a namespace that is no text",
      () => redisStore("redis://127.0.0.1", { namespace: "\ud800" }),
      /namespace must be/,
    ],
    ["a risk that is none", () => redisStore("redis://127.0.0.1", { accept: ["all"] as never }), /eviction, no-aof/],
  ];
  it.each(wrong)("refuses %s at once", (_, open, message) => {
    expect(open).toThrow(config(message));
  });

  it("opens no connection before it is used", async () => {
    await redisStore("redis://127.0.0.1:1").close();
  });
});

onRedis("on one server", () => {
  let server: Server;
  beforeAll(async () => {
    server = (await redis()) as Server;
  });
  afterAll(() => server.stop());

  async function admin<T>(work: (client: Awaited<ReturnType<typeof connected>>) => Promise<T>): Promise<T> {
    const client = await connected(server.url);
    try {
      return await work(client);
    } finally {
      client.destroy();
    }
  }
  const connected = (url: string) => createClient({ url }).connect();
  const using = async (url: string, options = {}) => {
    const store = redisStore(url, options);
    try {
      await store.ping();
      await store.write([putOf(user())]);
    } finally {
      await store.close();
    }
  };

  const settings: [string, string, string, "eviction" | "no-aof", RegExp][] = [
    [
      "maxmemory-policy",
      "volatile-lru",
      "noeviction",
      "eviction",
      /set maxmemory-policy to noeviction, or pass accept/,
    ],
    ["appendonly", "no", "yes", "no-aof", /set appendonly to yes, or pass accept/],
  ];
  it.each(settings)("refuses %s %s until that is accepted in writing", async (name, bad, good, risk, message) => {
    await admin((client) => client.configSet(name, bad));
    try {
      await expect(using(server.url)).rejects.toEqual(config(message));
      await expect(redisStore(server.url).read(["bob"])).rejects.toEqual(config(message));
      await expect(using(server.url, { accept: [risk] })).resolves.toBeUndefined();
    } finally {
      await admin((client) => client.configSet(name, good));
    }
    await expect(using(server.url)).resolves.toBeUndefined();
  });

  it("sees at the next ping that a setting was changed, and that it was changed back", async () => {
    const store = redisStore(server.url);
    await store.ping();
    await admin((client) => client.configSet("maxmemory-policy", "allkeys-lru"));
    await expect(store.ping()).rejects.toEqual(config(/noeviction/));
    await expect(store.read(["bob"])).rejects.toEqual(config(/noeviction/));
    await admin((client) => client.configSet("maxmemory-policy", "noeviction"));
    expect(await store.read(["bob"])).toEqual([undefined]);
    await store.close();
  });

  // As in the README.
  const rights =
    "resetkeys resetchannels ~usermeta:* &usermeta:* -@all +evalsha +eval +get +mget +set +del +getrange +lpos +lindex " +
    "+lpush +ltrim +zadd +zrem +zrange +zremrangebyscore +zremrangebyrank +publish +subscribe +unsubscribe +ping " +
    "+hello +config|get";
  const as = (name: string, acl: string) =>
    admin(async (client) => {
      await client.sendCommand(["ACL", "SETUSER", name, "reset", "on", ">secret", ...acl.split(" ")]);
      return server.url.replace("://", `://${name}:secret@`);
    });

  it("needs the rights that the README lists, and no more", async () => {
    const url = await as("least", rights);
    const store = redisStore(url);
    const put = putOf(user());
    const gaps: unknown[] = [];
    const stop = store.watch((event) => gaps.push(event));
    expect(await store.write([put])).toEqual(["written"]);
    expect(await store.write([put, { ...putOf(put.next.userId), retention: { entries: 1, since: 2e12 } }])).toEqual([
      { duplicate: { version: 1, digest: "digest" } },
      "conflict",
    ]);
    expect(await store.read([put.next.userId, "nobody"])).toEqual([put.next, undefined]);
    expect(await store.history(put.next.userId, { limit: 5 })).toEqual([put.change]);
    const next = { ...putOf(put.next.userId, put.next), retention: { entries: 1, since: 1_700_000_000_001 } };
    expect(await store.write([next])).toEqual(["written"]);
    expect(await store.history(put.next.userId, { limit: 5 })).toEqual([]);
    expect((await store.list({ where: [], limit: 500 })).length).toBeGreaterThan(0);
    await store.erase(put.next.userId);
    await store.ping();
    await expect.poll(() => gaps).toContain("gap");
    stop();
    await store.close();
  });

  it.each([
    ["a channel", rights.replace("&usermeta:*", "")],
    ["a command", rights.replace("+lpos ", "")],
    ["its keys", rights.replace("~usermeta:*", "~other:*")],
  ])("says so when the user lacks the right to %s, and writes nothing", async (_, acl) => {
    const store = redisStore(await as("poor", acl));
    const put = putOf(user());
    await expect(store.write([put])).rejects.toEqual(config(/the Redis user lacks a right/));
    await store.close();
    await expect(redisStore(server.url).read([put.next.userId])).resolves.toEqual([undefined]);
  });

  it("says so when Redis does not tell its settings", async () => {
    const url = await as("managed", rights.replace(" +config|get", ""));
    await expect(using(url)).rejects.toEqual(config(/does not tell its settings .* accept: \["unchecked"\]/));
    await expect(using(url, { accept: ["unchecked"] })).resolves.toBeUndefined();
  });

  it("is out of reach with a wrong password", async () => {
    const store = redisStore(server.url.replace("://", "://somebody:wrong@"));
    await expect(store.ping()).rejects.toMatchObject({ code: "store_unavailable", cause: { message: /WRONGPASS/ } });
    await store.close();
  });

  it("refuses a namespace of a newer format, and leaves the others alone", async () => {
    const old = redisStore(server.url, { namespace: "new" });
    await old.ping();
    await admin(async (client) => {
      const [key = ""] = await client
        .keys("usermeta:*:format")
        .then((keys) => keys.filter((one) => one.includes(Buffer.from("new").toString("base64url"))));
      expect(await client.get(key)).toBe("1");
      await client.set(key, "2");
    });
    const message = /the namespace has format 2 and this version knows 1: update @usermeta\/redis/;
    await expect(old.ping()).rejects.toEqual(config(message));
    await expect(using(server.url, { namespace: "new" })).rejects.toEqual(config(message));
    await expect(using(server.url, { namespace: "newer" })).resolves.toBeUndefined();
    await old.close();
  });

  it("leaves a client of the application's open, and in its own ways", async () => {
    const client = await createClient({ url: server.url, commandOptions: { typeMapping: { 36: Buffer } } }).connect();
    const store = redisStore(client);
    const put = putOf(user());
    expect(await store.write([put])).toEqual(["written"]);
    expect(await store.read([put.next.userId])).toEqual([put.next]);
    await store.close();
    expect(client.listenerCount("error")).toBe(0);
    expect(await client.ping()).toEqual("PONG");
    client.destroy();
  });

  it("says so when the application's client is not connected", async () => {
    await expect(redisStore(createClient({ url: server.url })).ping()).rejects.toMatchObject({
      code: "store_unavailable",
      message: /connect\(\) it/,
    });
  });

  it("needs one round trip for any batch of reads or writes, two where the client flushes its pipe in between", async () => {
    const { client, take } = counted(await connected(server.url));
    const store = redisStore(client);
    await store.ping();
    await store.write([putOf(user())]);
    const puts = Array.from({ length: 100 }, () => putOf(user()));
    const ids = puts.map(({ next }) => next.userId);
    const trips = async (work: Promise<unknown>) => {
      await work;
      return take();
    };
    take();
    expect(await trips(store.write(puts))).toBeLessThanOrEqual(2);
    expect(await trips(store.write(puts.map(({ next }) => putOf(next.userId, next))))).toBeLessThanOrEqual(2);
    expect(await trips(store.read(ids))).toBeLessThanOrEqual(2);
    expect(await trips(store.read(ids.slice(0, 1)))).toBeLessThanOrEqual(2);
    expect(await trips(store.history(ids[0] ?? "", { limit: 100 }))).toBeLessThanOrEqual(2);
    expect(await trips(store.list({ where: [], after: ids[0], limit: 10 }))).toBeLessThanOrEqual(3);
    expect(await trips(store.erase(ids[0] ?? ""))).toBeLessThanOrEqual(2);
    client.destroy();
  });

  it("answers not_supported to a search", async () => {
    const store = redisStore(server.url);
    const where = [{ scope: "public", path: ["plan"], op: "in", values: ["pro"] }] as const;
    await expect(store.list({ where, limit: 1 })).rejects.toMatchObject({ code: "not_supported" });
    await store.close();
  });

  it("pages through 1,000 users without gaps while others come and go", async () => {
    const store = redisStore(server.url, { namespace: "pages" });
    const ids = Array.from({ length: 1000 }, (_, i) => `u${String(i).padStart(4, "0")}`);
    for (let i = 0; i < 1000; i += 100) await store.write(ids.slice(i, i + 100).map((id) => putOf(id)));
    const seen: string[] = [];
    for (let after: string | undefined; ; after = seen.at(-1)) {
      const page = await store.list({ where: [], after, limit: 64 });
      seen.push(...page.map(({ userId }) => userId));
      if (page.length < 64) break;
      await store.erase(seen.at(-1) ?? "");
      await store.write([putOf(`${seen.at(-1)}+`)]);
    }
    expect(seen.filter((id) => !id.endsWith("+"))).toEqual(ids);
    await store.close();
  });
});
