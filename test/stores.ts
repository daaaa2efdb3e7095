import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MetadataStore, memoryStore } from "@usermeta/core";
import { dynamodbStore } from "@usermeta/dynamodb";
import { mysqlStore } from "@usermeta/mysql";
import { postgresStore } from "@usermeta/postgres";
import { redisStore } from "@usermeta/redis";
import { sqliteStore } from "@usermeta/sqlite";
import { createCluster } from "redis";
import { dynamodb, mysql, postgres, redis, redisCluster } from "./servers.ts";

/** A store that runs here. */
export interface RunningStore {
  /** A store that is empty in its namespace; memory has none and is empty each time. */
  open(options: {
    readonly namespace: string;
    readonly indexes: readonly string[];
  }): MetadataStore | Promise<MetadataStore>;
  stop(): Promise<void>;
}

/** One kind of store, for tests that must come to the same on each of them. */
export interface StoreKind {
  readonly name: string;
  /** Whether `list` can search. @default true */
  readonly searches?: boolean;
  /** Resolves to the reason where it cannot run on this machine. */
  start(): Promise<RunningStore | string>;
}

const sqlite = (driver: "better-sqlite3" | "node:sqlite"): StoreKind => ({
  name: `SQLite by ${driver}`,
  start: async () => {
    const folder = mkdtempSync(join(tmpdir(), "usermeta-sqlite-"));
    return {
      open: (options) => sqliteStore(join(folder, "usermeta.db"), { ...options, driver, durability: "normal" }),
      stop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});

const noRedis = "no redis-server or valkey-server on this machine";

/** Every kind there is. A new store is one more entry. */
export const storeKinds: readonly StoreKind[] = [
  {
    name: "memory",
    start: async () => ({ open: ({ indexes }) => memoryStore({ indexes }), stop: async () => undefined }),
  },
  sqlite("better-sqlite3"),
  sqlite("node:sqlite"),
  {
    name: "PostgreSQL",
    start: async () => {
      const server = await postgres();
      if (server === undefined) return "no embedded PostgreSQL for this platform";
      const open: RunningStore["open"] = async (options) => {
        const store = postgresStore(server.url, options);
        await store.migrate();
        return store;
      };
      return { open, stop: () => server.stop() };
    },
  },
  {
    name: "MariaDB",
    start: async () => {
      const server = await mysql();
      if (server === undefined) return "no mariadbd on this machine";
      const open: RunningStore["open"] = async (options) => {
        const store = mysqlStore(server.url, options);
        await store.migrate();
        return store;
      };
      return { open, stop: () => server.stop() };
    },
  },
  {
    name: "DynamoDB (dynalite)",
    searches: false,
    start: async () => {
      const server = await dynamodb();
      const url = `dynamodb://eu-central-1/usermeta?endpoint=${server.url}`;
      const store = dynamodbStore(url);
      await store.migrate();
      await store.close();
      return { open: ({ namespace }) => dynamodbStore(url, { namespace }), stop: () => server.stop() };
    },
  },
  {
    name: "Redis",
    searches: false,
    start: async () => {
      const server = await redis();
      if (server === undefined) return noRedis;
      return { open: ({ namespace }) => redisStore(server.url, { namespace }), stop: () => server.stop() };
    },
  },
  {
    name: "Redis cluster",
    searches: false,
    start: async () => {
      const server = await redisCluster();
      if (server === undefined) return noRedis;
      const rootNodes = server.nodes.map(({ url }) => ({ url }));
      const cluster = createCluster({ rootNodes, defaults: { disableOfflineQueue: true } });
      await cluster.on("error", () => undefined).connect();
      const stop = async (): Promise<void> => {
        cluster.destroy();
        await server.stop();
      };
      return { open: ({ namespace }) => redisStore(cluster, { namespace }), stop };
    },
  },
];
