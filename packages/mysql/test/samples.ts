import { spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { createUserMeta, type MetadataStore, type Put, type StoredRecord, type UserMeta } from "@usermeta/core";
import { type MysqlPool, mysqlStore } from "@usermeta/mysql";
import mysql from "mysql2/promise";
import { afterAll, beforeEach } from "vitest";
import { freeze, mysql as startMysql, thaw } from "../../../test/servers.ts";

/** A private server for the tests of one file, which are skipped where there is none. */
export interface TestServer {
  /** Of a user who may do everything in one database. */
  readonly url: string;
  /** Runs a statement as root, on a connection of its own, and gives the rows. */
  sql(text: string, url?: string): Promise<Record<string, unknown>[]>;
  /** Makes a fresh database and gives its URL, as root. */
  database(): Promise<string>;
  /** Resolves once nothing of the server runs. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Kills the server and starts it again on its data and its port. */
  crash(): Promise<void>;
}

/** @param indexes those of the store in its database */
export async function startServer(indexes: readonly string[] = []): Promise<TestServer> {
  const server = await startMysql();
  beforeEach(({ skip }) => skip(server === undefined, "mariadbd is not installed"));
  if (server) {
    const store = mysqlStore(server.url, { indexes });
    await store.migrate();
    await store.close();
  }
  const url = server?.url ?? "mysql://nobody@localhost/none";
  const root = url.replace(/\/\/[^@]*@/, "//root@");
  const [file = "", ...args] = server
    ? readFileSync(`/proc/${server.pid}/cmdline`, "utf8").split("\0").slice(0, -1)
    : [];
  let pid = server?.pid ?? 0;
  const restarted: (() => void)[] = [];
  afterAll(async () => {
    for (const end of restarted) end();
    await server?.stop();
  });
  const sql: TestServer["sql"] = async (text, to = root) => {
    const connection = await mysql.createConnection(to);
    try {
      const [rows] = await connection.query(text);
      return rows as Record<string, unknown>[];
    } finally {
      connection.destroy();
    }
  };
  return {
    url,
    sql,
    database: async () => {
      const name = `test_${randomBytes(6).toString("hex")}`;
      await sql(`CREATE DATABASE ${name}`);
      return root.replace(/[^/]*$/, name);
    },
    freeze: () => freeze(pid),
    thaw: () => thaw(pid),
    crash: async () => {
      process.kill(pid, "SIGKILL");
      await eventually(async () => process.kill(pid, 0), false);
      // Ends with this process, also when that is killed.
      const script = `"$0" "$@" >/dev/null 2>&1 & p=$!; echo $p; cat >/dev/null; kill -KILL $p 2>/dev/null`;
      const child = spawn("/bin/sh", ["-c", script, file, ...args], {
        ...(process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}),
        stdio: ["pipe", "pipe", "inherit"],
      });
      restarted.push(() => child.stdin.end());
      child.stdout.on("data", (text) => {
        pid = Number(text);
      });
      await eventually(() => sql("SELECT 1"));
    },
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

/** Tries again until it works (or, if told so, fails), for 20 seconds at most. */
export async function eventually<T>(attempt: () => Promise<T>, works: boolean = true): Promise<T> {
  for (const end = performance.now() + 20_000; ; ) {
    try {
      const result = await attempt();
      if (works) return result;
    } catch (error) {
      if (!works) return undefined as T;
      if (performance.now() > end) throw error;
    }
    await setTimeout(20);
  }
}

/** The code of the error that a call rejects with, or its value, and whether it took 2 seconds at most. */
export async function answerOf(call: Promise<unknown>): Promise<unknown> {
  const start = performance.now();
  const answer = await call.catch((error: { code?: unknown }) => error.code ?? error);
  return performance.now() - start < 2_000 ? answer : "took too long";
}

/** A pool that tells of every statement, one for each round trip; the listener may throw in its place. */
export function watched(pool: mysql.Pool, listen: (sql: string) => void): MysqlPool {
  return {
    getConnection: async () => {
      const connection = await pool.getConnection();
      return {
        query: async (options) => {
          listen(options.sql);
          return (await connection.query(options)) as [unknown, unknown];
        },
        release: () => connection.release(),
        destroy: () => connection.destroy(),
      };
    },
  };
}
