import { randomBytes } from "node:crypto";
import {
  checkOptions,
  compare,
  invalidConfig,
  type MetadataStore,
  type Put,
  type PutResult,
  requireIndexes,
  UserMetaError,
} from "@usermeta/core";
import { isCollision, lockTimeout, openPool, type PostgresPool, type Query, runner } from "./database.ts";
import {
  type ChangeRow,
  columns,
  type DuplicateRow,
  eraseText,
  type RecordRow,
  type ResultRow,
  statements,
  toChange,
  toColumns,
  toDuplicate,
  toRecord,
} from "./query.ts";
import { checkSchema, migrate, type SchemaRow } from "./schema.ts";
import { type Ask, pathOf, search } from "./search.ts";
import { channelOf, type Listener, listen } from "./watch.ts";

export type { PostgresClient, PostgresPool } from "./database.ts";

/** What {@link postgresStore} can be told. */
export interface PostgresOptions {
  /** Keeps several applications apart in one database. At most 255 bytes. @default "" */
  readonly namespace?: string;
  /** Paths that `list` can search, e.g. `["public.plan", "private.billing.customer"]`. `migrate()` creates their indexes. */
  readonly indexes?: readonly string[];
  /**
   * Milliseconds within which every operation answers, waiting for a connection included. Keep it below the `deadline` of
   * `createUserMeta`. @default 1500
   */
  readonly timeout?: number;
  /**
   * Prepares the statements on each connection: less work for the server. Where a transaction pooler stands between that
   * cannot do it, the first statement that fails for it is repeated, and no other is prepared. @default true
   */
  readonly prepare?: boolean;
  /** Tells other processes of every write (NOTIFY), so that their caches stay fresh. @default true */
  readonly watch?: boolean;
  /** A URL that leads past a transaction pooler, for `watch` and `migrate()`, which need a session. @default the pool or URL itself */
  readonly direct?: string;
}

/** A {@link MetadataStore} in PostgreSQL. */
export interface PostgresStore extends MetadataStore {
  /**
   * Creates the tables, brings them to the newest schema and creates the declared indexes without blocking writes. Does
   * nothing when all is there. Several processes may call it at once, and others may use the store meanwhile.
   *
   * Resolves to the statements that were run; with `dryRun` to those that would be run. Throws `invalid_config` for a
   * database that a newer version has changed too much or that is not in UTF8, and `store_unavailable` when there is no
   * connection; errors of a statement are thrown as they are.
   */
  migrate(options?: { readonly dryRun?: boolean }): Promise<readonly string[]>;
}

/**
 * A store in PostgreSQL 13 or newer, for any number of processes. Run `migrate()` once for each release.
 *
 * Takes a URL, or a pool of the application's own, which `close()` leaves open; give that one a
 * `connectionTimeoutMillis`. Throws `invalid_config` for bad options; so does the first operation when `migrate()` has not
 * been run.
 *
 * ```ts
 * const store = postgresStore("postgres://app@db.example/app", { indexes: ["public.plan"] });
 * await store.migrate();
 * ```
 */
export function postgresStore(database: string | PostgresPool, options: PostgresOptions = {}): PostgresStore {
  checkOptions("postgresStore", options, ["namespace", "indexes", "timeout", "prepare", "watch", "direct"]);
  const { namespace = "", indexes = [], timeout = 1_500, prepare = true, watch = true, direct } = options;
  if (
    typeof namespace !== "string" ||
    !namespace.isWellFormed() ||
    namespace.includes("\0") ||
    Buffer.byteLength(namespace) > 255
  )
    throw invalidConfig("namespace must be well-formed text of at most 255 bytes");
  if (!Number.isSafeInteger(timeout) || timeout < 10)
    throw invalidConfig("timeout must be whole milliseconds, 10 or more");
  for (const index of indexes) pathOf(index);
  const opened = typeof database === "string" ? openPool(database, timeout) : undefined;
  const pool = opened?.pool ?? (database as PostgresPool);
  if (typeof pool?.connect !== "function") throw invalidConfig("postgresStore needs a URL or a pool of pg");
  const past = direct === undefined ? undefined : openPool(direct, timeout);
  const sessions: PostgresPool = past?.pool ?? pool;

  // Without a listener an idle connection that breaks would end the process.
  const ignore = (): void => {};
  pool.on("error", ignore);
  const run = runner(pool, timeout, prepare);
  const patience = String(lockTimeout(timeout));
  const channel = channelOf(namespace);
  const sender = `${randomBytes(6).toString("hex")} `;
  let running = 0;
  let onIdle: (() => void) | undefined;
  const watching = new Set<() => void>();
  let closing: Promise<void> | undefined;
  let isChecked = false;

  const refuseClosed = (): void => {
    if (closing) throw new UserMetaError("store_unavailable", "the store is closed");
  };

  /** Runs one operation, after the first one's check of the schema. */
  async function operate<T>(work: (query: Query) => Promise<T>): Promise<T> {
    refuseClosed();
    running++;
    try {
      return await run(async (query) => {
        if (!isChecked) checkSchema(await query<SchemaRow>(statements.schema));
        isChecked = true;
        return work(query);
      });
    } finally {
      if (--running === 0) onIdle?.();
    }
  }

  async function put(puts: readonly Put[], query: Query): Promise<readonly PutResult[]> {
    const sorted = puts.toSorted((a, b) => compare(a.next.userId, b.next.userId));
    const values = [namespace, patience, watch ? channel : null, sender, ...toColumns(sorted)];
    const rows = await repeated(() => query<ResultRow>(statements.write, values));
    const results = new Map<Put | undefined, PutResult>(
      rows.map((row) => [sorted[Number(row.place) - 1], toResult(row)]),
    );
    const beaten = rows.filter((row) => row.hopeful && !row.written).map((row) => sorted[Number(row.place) - 1] as Put);
    for (const { user_id, version, digest } of await duplicatesOf(beaten, query))
      results.set(
        beaten.find(({ next }) => next.userId === user_id),
        toDuplicate(version, digest),
      );
    return puts.map((one) => results.get(one) ?? "conflict");
  }

  /** Of puts that came second to other writes, those whose change is there already. */
  async function duplicatesOf(puts: readonly Put[], query: Query): Promise<readonly DuplicateRow[]> {
    if (puts.length === 0) return [];
    const changes = puts.map(({ change }) => change);
    const values = [
      namespace,
      puts.map(({ next }) => next.userId),
      changes.map(({ id }) => id),
      changes.map(({ version }) => version),
    ];
    // Nothing was written for them, and the next attempt will tell.
    return query<DuplicateRow>(statements.duplicates, values).catch(() => []);
  }

  return {
    maxRecordBytes: 64 * 1024 * 1024,
    read: (userIds) =>
      operate(async (query) => {
        if (userIds.length === 1)
          return [(await query<RecordRow>(statements.read, [namespace, userIds[0]])).map(toRecord)[0]];
        const rows = await query<RecordRow>(statements.readMany, [namespace, userIds]);
        const records = new Map(rows.map((row) => [row.user_id, toRecord(row)]));
        return userIds.map((userId) => records.get(userId));
      }),
    write: async (puts) => {
      try {
        return await operate((query) => put(puts, query));
      } catch (error) {
        if (!(error instanceof UserMetaError && error.code === "outcome_unknown")) throw error;
        return puts.map(() => "unknown");
      }
    },
    erase: (userId) =>
      operate(async (query) => {
        const notice = watch ? ([channel, sender + userId] as const) : undefined;
        const text = eraseText(namespace, userId, patience, notice);
        await repeated(() => query({ text, writes: true }));
      }),
    list: async (query) => {
      requireIndexes(query.where, indexes);
      return operate(async (run) => {
        const ask: Ask = ({ text, values }) => run({ text }, [...values]);
        return (await search<RecordRow>(ask, columns, namespace, query)).map(toRecord);
      });
    },
    history: (userId, { before = Number.MAX_SAFE_INTEGER, limit }) =>
      operate(async (query) =>
        (await query<ChangeRow>(statements.history, [namespace, userId, before, limit])).map(toChange),
      ),
    ...(watch && {
      watch: (listener: Listener) => {
        refuseClosed();
        const stop = listen(sessions, { channel, sender, timeout }, listener);
        watching.add(stop);
        return () => {
          watching.delete(stop);
          stop();
        };
      },
    }),
    ping: () => operate(async (query) => checkSchema(await query<SchemaRow>(statements.schema))),
    migrate: async ({ dryRun = false } = {}) => {
      refuseClosed();
      return migrate(sessions, timeout, indexes, dryRun);
    },
    close: () => {
      closing ??= (async () => {
        for (const stop of watching) stop();
        if (running > 0)
          await new Promise<void>((resolve) => {
            onIdle = resolve;
          });
        pool.removeListener("error", ignore);
        await Promise.all([opened?.end(), past?.end()]);
      })();
      return closing;
    },
  };
}

/** What the statement alone says of a put. */
function toResult({ duplicate_version: version, duplicate_digest: digest, written }: ResultRow): PutResult {
  if (version !== null) return toDuplicate(version, digest);
  return written ? "written" : "conflict";
}

/** Runs a statement again while PostgreSQL says that it met another one; the operation's timeout ends that. */
async function repeated<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!isCollision(error)) throw error;
    }
  }
}
