import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import net from "node:net";
import { createUserMeta, type MetadataStore, type Put, type StoredRecord, type UserMeta } from "@usermeta/core";
import { describe, expect, it } from "vitest";
import { freePort, redis, type Server, scratch, which } from "../../../test/servers.ts";

const missing =
  which("valkey-server", "redis-server") === undefined ? "no redis-server or valkey-server on this machine" : undefined;

/** A suite that needs Redis; where there is none, one skipped test that says so. */
export function onRedis(name: string, suite: () => void): void {
  if (missing === undefined) describe(name, suite);
  else it(name, (context) => context.skip(missing));
}

/** The put that makes of `latest` the next version. */
export function putOf(userId: string, latest?: StoredRecord, json: string = '{"plan":"pro"}'): Put {
  const version = (latest?.version ?? 0) + 1;
  const written = { json, version, updatedAt: 1_700_000_000_000 };
  const unwritten = { json: "{}", version: 0, updatedAt: 0 };
  return {
    next: {
      userId,
      incarnation: latest?.incarnation ?? randomBytes(8).toString("hex"),
      version,
      createdAt: 1_700_000_000_000,
      public: written,
      private: unwritten,
      unsafe: unwritten,
    },
    expected: latest,
    change: { id: randomUUID(), version, at: 1_700_000_000_000, digest: "digest", json: "{}" },
    retention: { entries: 1000, since: 0 },
  };
}

/** A user id that nobody has used. */
export const user = (): string => `user-${randomUUID()}`;

export const metaOn = (store: MetadataStore): UserMeta =>
  createUserMeta({ store, verifier: () => Promise.reject(new Error("no sessions here")) });

/** Adds one to a user's credits. */
export const increment = async (meta: UserMeta, userId: string, idempotencyKey?: string): Promise<void> => {
  const more = ({ private: { credits = 0 } }: { readonly private: { readonly credits?: number } }) => ({
    private: { credits: credits + 1 },
  });
  await meta.update(userId, more as Parameters<UserMeta["update"]>[1], idempotencyKey ? { idempotencyKey } : {});
};

/** Tries again until it works, at most for 10 seconds. */
export async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + 10_000; ; await sleep(50)) {
    try {
      return await work();
    } catch (error) {
      if (performance.now() > end) throw error;
    }
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Runs something that has to answer within 2 seconds, and gives its value or the code of its error. */
export async function timely<T>(work: Promise<T>): Promise<T | string> {
  const from = performance.now();
  try {
    return await work;
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    expect(performance.now() - from).toBeLessThan(2_000);
  }
}

/** A server that can be killed and started again with what it had written. */
export async function mortal(...more: readonly string[]): Promise<{
  readonly url: string;
  pid(): number;
  kill(): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}> {
  const [port, folder] = [await freePort(), scratch("redis-mortal")];
  const lives: Server[] = [];
  const start = async (): Promise<void> => {
    const args = ["--port", String(port), "--dir", folder, "--appendfsync", "always", ...more];
    lives.push((await redis(...args)) as Server);
  };
  const pid = (): number => lives.at(-1)?.pid ?? 0;
  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    pid,
    kill: () => process.kill(pid(), "SIGKILL"),
    start,
    stop: async () => {
      await Promise.all(lives.map((life) => life.stop()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** What happens to the bytes that a client sends. */
export type Fate = "pass" | "cut before" | "cut after";

/** A proxy that can cut connections around a request, or swallow all that goes over those that are open. */
export async function proxyTo(url: string): Promise<{
  readonly url: string;
  /** Asked for each chunk that a client sends. */
  fate: () => Fate;
  swallow(): void;
  close(): void;
}> {
  const pairs = new Set<{ swallowed: boolean; readonly sockets: readonly net.Socket[] }>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(new URL(url).port), "127.0.0.1");
    const pair = { swallowed: false, sockets: [client, upstream] };
    pairs.add(pair);
    const end = (): void => {
      for (const socket of pair.sockets) socket.destroy();
      pairs.delete(pair);
    };
    for (const socket of pair.sockets) socket.on("error", end).on("close", end);
    client.on("data", (chunk) => {
      if (pair.swallowed) return;
      const fate = proxy.fate();
      if (fate === "cut before") return end();
      upstream.write(chunk);
      if (fate === "cut after") {
        pair.swallowed = true;
        // Once the server has answered, which nobody hears.
        upstream.once("data", end);
      }
    });
    upstream.on("data", (chunk) => void (pair.swallowed || client.write(chunk)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy = {
    url: `redis://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    fate: (): Fate => "pass",
    swallow: () => {
      for (const pair of pairs) pair.swallowed = true;
    },
    close: () => {
      server.close();
      for (const { sockets } of pairs) for (const socket of sockets) socket.destroy();
    },
  };
  return proxy;
}

/** The client, and how often it wrote to its connection: commands that are sent together count as one. */
export function counted<T extends { sendCommand: (...values: never[]) => Promise<unknown> }>(
  client: T,
): { readonly client: T; readonly take: () => number } {
  let trips = 0;
  let isGathering = false;
  const sendCommand = (...values: never[]): Promise<unknown> => {
    if (!isGathering) {
      trips++;
      // As node-redis does.
      setImmediate(() => {
        isGathering = false;
      });
    }
    isGathering = true;
    return client.sendCommand(...values);
  };
  const spied = new Proxy(client, {
    get: (target, name) => {
      if (name === "sendCommand") return sendCommand;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const take = (): number => {
    const count = trips;
    trips = 0;
    return count;
  };
  return { client: spied, take };
}
