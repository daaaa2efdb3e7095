import type { EventEmitter } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { invalidConfig } from "@usermeta/core";
import mysql from "mysql2/promise";
import { isAnswered, isPassing, refusal, unavailable } from "./refusal.ts";

/** What the store needs of a connection; one of a mysql2/promise pool has it. */
export interface MysqlConnection {
  query(options: { sql: string }): Promise<[unknown, unknown]>;
  release(): void;
  destroy(): void;
}

/** What the store needs of a pool; a mysql2/promise `Pool` has it. */
export interface MysqlPool {
  getConnection(): Promise<MysqlConnection>;
}

/** A value of a statement. Text goes in as a buffer: written in hexadecimal, it depends on no charset and no sql_mode. */
export type Value = number | null | Buffer | Value[];
/** Sends one statement, one round trip, and gives its rows. */
export type Query = <Row = never>(sql: string, values?: readonly Value[]) => Promise<readonly Row[]>;

/** Milliseconds that one statement of a migration may take. */
const migrationPatience = 3_600_000;

/** Undoes what an application may have set for its pool. */
const plain = {
  typeCast: (_: unknown, next: () => unknown) => next(),
  rowsAsArray: false,
  nestTables: false,
  namedPlaceholders: false,
} as const;

// Locks of a process that vanished are gone after 5 seconds on MariaDB and 60 on MySQL, which has no such setting.
const session = `SET SESSION innodb_lock_wait_timeout = 1, wait_timeout = 60
  /*M!100300 , idle_transaction_timeout = 5 */`;

/** A pool of the store's own. Throws `invalid_config` for a URL that is none. */
export function openPool(url: string, timeout: number): MysqlPool & { end(): Promise<void> } {
  if (!URL.canParse(url) || new URL(url).protocol !== "mysql:" || new URL(url).pathname.length < 2)
    throw invalidConfig(
      'mysqlStore needs a URL with a database, e.g. "mysql://user:password@localhost/app", or a pool',
    );
  const pool = mysql.createPool({ uri: url, connectTimeout: timeout });
  const streams = new Set<Stream>();
  pool.pool.on("connection", (connection) => {
    connection.query(session, () => {});
    // mysql2 listens for the first error only, and a second one would end the process.
    connection.on("error", () => {});
    const stream = streamOf(connection);
    streams.add(stream.once("close", () => streams.delete(stream)));
  });
  return {
    getConnection: () => pool.getConnection(),
    end: async () => {
      const ended = pool.end().catch(() => {});
      // It would wait for ever for a server that does not answer.
      await Promise.race([ended, sleep(1_000, undefined, { ref: false })]);
      for (const stream of streams) stream.destroy();
    },
  };
}

/** Runs operations, each on a connection of its own. */
export interface Runner {
  /**
   * Runs `work` on a connection, again when a deadlock or a lost connection undid it. Rejects with `store_unavailable`
   * when that does not succeed in time, and with `invalid_config` when the schema or a privilege is missing.
   */
  run<T>(work: (query: Query) => Promise<T>): Promise<T>;
  /** Runs `work` once, without haste, on a connection whose session it may change. */
  migrate<T>(work: (query: Query) => Promise<T>): Promise<T>;
}

/** @param timeout milliseconds that an operation may take altogether, waiting for a connection included */
export function createRunner(pool: MysqlPool, timeout: number): Runner {
  async function acquire(until: number): Promise<MysqlConnection> {
    const acquiring = pool.getConnection();
    try {
      return await before(until, acquiring);
    } catch (cause) {
      acquiring.then(
        (late) => late.release(),
        () => {},
      );
      throw refusal(cause) ?? unavailable("the database cannot be reached", cause);
    }
  }

  /** Runs `work` on one connection, and leaves it without a transaction or not at all. */
  async function attempt<T>(until: number, work: (query: Query) => Promise<T>): Promise<T> {
    const connection = await acquire(until);
    const send = toQuery(connection, until);
    let isGood = true;
    const query: Query = async (sql, values) => {
      try {
        return await send(sql, values);
      } catch (error) {
        if (!isAnswered(error) || sql === "COMMIT") isGood = false;
        throw error;
      }
    };
    try {
      return await work(query);
    } catch (error) {
      if (isGood) await query("ROLLBACK").catch(() => {});
      throw error;
    } finally {
      if (isGood) connection.release();
      else destroy(connection);
    }
  }

  return {
    async run(work) {
      const until = performance.now() + timeout;
      for (let pause = 4; ; pause = Math.min(pause * 2, 64)) {
        try {
          return await attempt(until, work);
        } catch (error) {
          if (!isPassing(error)) throw refusal(error) ?? error;
          if (performance.now() + pause > until)
            throw unavailable("the database did not let the statement pass", error);
        }
        await sleep(Math.random() * pause);
      }
    },
    async migrate(work) {
      const connection = await acquire(performance.now() + timeout);
      try {
        return await work(toQuery(connection, performance.now() + migrationPatience));
      } catch (error) {
        throw isPassing(error) ? unavailable("something else uses the tables: try again", error) : error;
      } finally {
        destroy(connection);
      }
    },
  };
}

/** Ends a transaction for good. Resolves to whether that is certain. */
export async function commit(query: Query): Promise<boolean> {
  try {
    await query("COMMIT");
    return true;
  } catch (error) {
    if (isPassing(error) && isAnswered(error)) throw error; // a cluster refuses at the commit what others wrote first
    return false;
  }
}

function toQuery(connection: MysqlConnection, until: number): Query {
  return async <Row>(sql: string, values?: readonly Value[]) => {
    const text = values ? mysql.format(sql, [...values]) : sql;
    const [rows] = await before(until, connection.query({ sql: text, ...plain }));
    return rows as readonly Row[];
  };
}

/** mysql2 only ends its side, and a server that hangs would keep the socket. */
function destroy(connection: MysqlConnection): void {
  connection.destroy();
  const core = (connection as { connection?: EventEmitter }).connection;
  if (core === undefined) return;
  core.on("error", () => {});
  streamOf(core).destroy();
}

type Stream = EventEmitter & { destroy(): unknown };
/** The socket of a connection, which mysql2's types do not tell of. */
const streamOf = (connection: unknown): Stream => (connection as { readonly stream: Stream }).stream;

async function before<T>(until: number, promise: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    const error = Object.assign(new Error("the database did not answer in time"), { code: "ETIMEDOUT", fatal: true });
    timer = setTimeout(reject, Math.max(until - performance.now(), 1), error);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
