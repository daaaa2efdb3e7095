import { setTimeout } from "node:timers/promises";
import { type CacheOptions, createUserMeta, type MetadataStore, type UserMeta, UserMetaError } from "@usermeta/core";
import { redisStore } from "@usermeta/redis";
import { type SqliteDriver, sqliteStore } from "@usermeta/sqlite";
import { createCluster } from "redis";
import { openStore } from "usermeta";
import { clock } from "./form.ts";

/**
 * Opens a store by its URL. Beside those of `openStore` there are `better-sqlite3:<file>`, `node:sqlite:<file>` and
 * `cluster:<URLs of Redis nodes>`.
 */
export async function openAt(url: string, namespace = ""): Promise<MetadataStore> {
  const [, driver, file = ""] = /^(better-sqlite3|node:sqlite):(.*)$/.exec(url) ?? [];
  if (driver !== undefined) return sqliteStore(file, { namespace, driver: driver as SqliteDriver });
  if (!url.startsWith("cluster:")) return openStore(url, { namespace });
  const rootNodes = url
    .slice("cluster:".length)
    .split(",")
    .map((node) => ({ url: node }));
  const cluster = createCluster({ rootNodes, defaults: { disableOfflineQueue: true } });
  await cluster.on("error", () => {}).connect();
  const store = redisStore(cluster, { namespace });
  return Object.assign({}, store, {
    close: async () => {
      await store.close();
      cluster.destroy();
    },
  });
}

/** Metadata in a store; waits for one that is just away. */
export async function openMeta(
  url: string,
  namespace: string,
  cache?: (canWatch: boolean) => CacheOptions,
): Promise<UserMeta> {
  for (;;)
    try {
      const store = await openAt(url, namespace);
      return metaOn(store, cache?.(store.watch !== undefined));
    } catch (error) {
      if (error instanceof UserMetaError && error.code === "invalid_config") throw error;
      await setTimeout(50);
    }
}

export const metaOn = (store: MetadataStore, cache?: CacheOptions): UserMeta =>
  createUserMeta({ store, verifier: () => Promise.reject(new Error("no sessions here")), ...(cache && { cache }) });

/** An answer of a store: what it was and how many milliseconds it took. */
export type Listen = (code: string, ms: number) => void;

/** Repeats an operation while it is answered with a 503. */
export async function untilAnswered<T>(operation: () => Promise<T>, listen: Listen = () => {}): Promise<T> {
  for (;;) {
    const from = clock();
    try {
      const result = await operation();
      listen("ok", clock() - from);
      return result;
    } catch (error) {
      if (!(error instanceof UserMetaError && error.status === 503)) throw error;
      listen(error.code, clock() - from);
      // What a client does that heeds Retry-After, only faster.
      await setTimeout(10 + Math.random() * 40);
    }
  }
}

/** Everything that an iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}
