import {
  checkOptions,
  invalidConfig,
  type MetadataStore,
  type Put,
  type PutResult,
  requireIndexes,
  UserMetaError,
} from "@usermeta/core";
import { commit, createRunner, type MysqlPool, openPool, type Query, type Runner } from "./connection.ts";
import * as sql from "./query.ts";
import { checkSchema, migrate } from "./schema.ts";
import { listSql, pathOf } from "./search.ts";
import { toBatches, writeBatch } from "./write.ts";

export type { MysqlConnection, MysqlPool } from "./connection.ts";

/** What {@link mysqlStore} can be told. */
export interface MysqlOptions {
  /** Keeps several applications apart in one database; at most 64 bytes. @default "" */
  readonly namespace?: string;
  /** Paths that `list` can search, e.g. `["public.plan", "private.billing.customer"]`; `migrate()` creates their indexes. */
  readonly indexes?: readonly string[];
  /**
   * Milliseconds after which an operation gives up, waiting for a connection included. To be below the deadline of
   * `createUserMeta`. @default 1500
   */
  readonly timeout?: number;
}

/** A store in MySQL or MariaDB. */
export interface MysqlStore extends MetadataStore {
  /**
   * Creates the tables, or brings them to the newest schema, and creates the declared indexes; a no-op where nothing is
   * missing. Safe when several processes start at once, and while an older version is still running.
   *
   * Gives the statements that it ran; with `dryRun`, those that it would run. Throws `invalid_config` for a newer schema,
   * and `store_unavailable` when something else holds the tables; running it again goes on where it stopped.
   */
  migrate(options?: { readonly dryRun?: boolean }): Promise<readonly string[]>;
}

/**
 * A store in MySQL 8 or MariaDB 10.6 and newer, whose tables {@link MysqlStore.migrate} creates. Many processes can use
 * one database.
 *
 * Takes a URL, or a pool of mysql2/promise of the application's own, which `close()` leaves open.
 *
 * Throws `invalid_config`; so does its first use while the schema is missing, older or newer.
 *
 * ```ts
 * const store = mysqlStore("mysql://user:password@localhost/app", { indexes: ["public.plan"] });
 * await store.migrate();
 * ```
 */
export function mysqlStore(pool: string | MysqlPool, options: MysqlOptions = {}): MysqlStore {
  checkOptions("mysqlStore", options, ["namespace", "indexes", "timeout"]);
  const { namespace = "", indexes = [], timeout = 1_500 } = options;
  if (typeof namespace !== "string" || !namespace.isWellFormed() || sql.bytes(namespace).length > 64)
    throw invalidConfig("namespace must be well-formed text of at most 64 bytes");
  if (!(timeout > 0 && timeout < 2 ** 31)) throw invalidConfig("timeout must be a number of milliseconds above 0");
  for (const index of indexes) pathOf(index);
  if (typeof pool === "string") {
    const own = openPool(pool, timeout);
    return storeIn(createRunner(own, timeout), namespace, indexes, () => own.end());
  }
  if (typeof pool?.getConnection !== "function" || "promise" in pool)
    throw invalidConfig("mysqlStore needs a URL or a pool of mysql2/promise: pass pool.promise() of another one");
  return storeIn(createRunner(pool, timeout), namespace, indexes, async () => {});
}

function storeIn(
  runner: Runner,
  namespace: string,
  indexes: readonly string[],
  release: () => Promise<void>,
): MysqlStore {
  const space = sql.bytes(namespace);
  let closing: Promise<void> | undefined;
  let isChecked = false;

  /** Runs one operation, the first after a look at the schema. */
  async function run<T>(operation: (query: Query) => Promise<T>): Promise<T> {
    refuseIfClosed();
    return runner.run(async (query) => {
      if (!isChecked) await checkSchema(query);
      isChecked = true;
      return operation(query);
    });
  }

  function refuseIfClosed(): void {
    if (closing) throw new UserMetaError("store_unavailable", "the store is closed");
  }

  return {
    maxRecordBytes: 4 * 1024 * 1024,
    read: (userIds) =>
      run(async (query) => {
        if (userIds.length === 0) return [];
        const rows = await query<sql.RecordRow>(sql.read, [space, userIds.map(sql.bytes)]);
        const records = new Map(rows.map(sql.toRecord).map((record) => [record.userId, record]));
        return userIds.map((userId) => records.get(userId));
      }),
    write: async (puts) => {
      const results = new Map<Put, PutResult>();
      try {
        for (const batch of toBatches(puts))
          for (const [put, result] of await run((query) => writeBatch(query, space, batch))) results.set(put, result);
      } catch (error) {
        // A rejection would mean that nothing was written.
        if (results.size === 0) throw error;
      }
      return puts.map((put) => results.get(put) ?? "unknown");
    },
    erase: (userId) =>
      run(async (query) => {
        await query("START TRANSACTION");
        await query(sql.erase, [space, sql.bytes(userId)]);
        if (!(await commit(query)))
          throw new UserMetaError("outcome_unknown", "the database did not say whether the record was erased");
      }),
    list: async (query) => {
      requireIndexes(query.where, indexes);
      const [text, values] = listSql(space, query);
      return run(async (send) => (await send<sql.RecordRow>(text, values)).map(sql.toRecord));
    },
    history: (userId, { before = Number.MAX_SAFE_INTEGER, limit }) =>
      run(async (query) => {
        const rows = await query<sql.ChangeRow>(sql.history, [space, sql.bytes(userId), before, limit]);
        return rows.map(sql.toChange);
      }),
    ping: () => run(checkSchema),
    close: () => (closing ??= release()),
    migrate: async ({ dryRun = false } = {}) => {
      refuseIfClosed();
      return runner.migrate((query) => migrate(query, indexes, dryRun));
    },
  };
}
