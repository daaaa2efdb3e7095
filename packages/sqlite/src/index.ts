import {
  checkOptions,
  invalidConfig,
  type MetadataStore,
  type Put,
  type PutResult,
  requireIndexes,
  UserMetaError,
} from "@usermeta/core";
import {
  closedOnFailure,
  explained,
  openFile,
  patiently,
  type SqliteDatabase,
  type SqliteDriver,
  transactions,
} from "./database.ts";
import { type ChangeRow, prepare, type RecordRow, toChange, toDuplicate, toRecord, toRow } from "./query.ts";
import { migrate } from "./schema.ts";
import { type Ask, type Sql, search } from "./search.ts";

export type { SqliteDatabase, SqliteDriver, SqliteStatement } from "./database.ts";

/** What {@link sqliteStore} can be told. */
export interface SqliteOptions {
  /** Keeps several applications apart in one file. @default "" */
  readonly namespace?: string;
  /** Paths that `list` can search, e.g. `["public.plan", "private.billing.customer"]`. */
  readonly indexes?: readonly string[];
  /**
   * What an acknowledged write outlives. `"full"`: a kill of the process, and a loss of power. `"normal"`: a kill only, and
   * single writes are several times faster. For files; a given database keeps its own setting. @default "full"
   */
  readonly durability?: "full" | "normal";
  /**
   * The library that opens the file. Never open one file with both in one process: they do not see each other's locks.
   * @default better-sqlite3 where it is installed, else node:sqlite
   */
  readonly driver?: SqliteDriver;
}

/** Change ids that a store remembers per user, at least. */
const remembered = 256;
/** Milliseconds between looks at whether another process has written. */
const watchInterval = 50;

/**
 * A store in an SQLite file, which it creates or brings to the newest schema. Several processes can use one file.
 *
 * Takes a path, or a better-sqlite3 `Database` or node:sqlite `DatabaseSync` of the application's own: that one keeps its
 * pragmas (set WAL and a short busy timeout), and `close()` leaves it open.
 *
 * Throws `invalid_config` for a file that cannot be opened or has a newer schema, and `store_unavailable` when another
 * process keeps it locked for 10 seconds.
 *
 * ```ts
 * const store = sqliteStore("usermeta.db", { indexes: ["public.plan"] });
 * ```
 */
export function sqliteStore(file: string | SqliteDatabase, options: SqliteOptions = {}): MetadataStore {
  checkOptions("sqliteStore", options, ["namespace", "indexes", "durability", "driver"]);
  const { namespace = "", indexes = [], durability = "full", driver } = options;
  if (durability !== "full" && durability !== "normal") throw invalidConfig('durability must be "full" or "normal"');
  if (typeof namespace !== "string" || !namespace.isWellFormed())
    throw invalidConfig("namespace must be well-formed text");
  if (typeof file === "string") {
    const database = openFile(file, durability, driver);
    return closedOnFailure(database, () =>
      storeIn(database, file, namespace, indexes, () => {
        database.close();
      }),
    );
  }
  if (typeof file?.prepare !== "function") throw invalidConfig("sqliteStore needs a path or an open database");
  if (options.durability ?? driver)
    throw invalidConfig("durability and driver are for files: set them on the database");
  return storeIn(file, "the database", namespace, indexes, () => {});
}

function storeIn(
  database: SqliteDatabase,
  name: string,
  namespace: string,
  indexes: readonly string[],
  release: () => void,
): MetadataStore {
  explained(name, () => migrate(database, name, indexes));
  const inTransaction = transactions(database);
  const statement = prepare(database);
  let closed = false;

  /** Runs one operation as soon as no other process is in its way. */
  const run = <T>(operation: () => T): Promise<T> =>
    patiently(() => {
      if (closed) throw new UserMetaError("store_unavailable", "the store is closed");
      return operation();
    });

  const ask: Ask = <Row>({ sql, values }: Sql) => database.prepare(sql).all(...values) as Row[];

  function put({ next, expected, change, retention }: Put): PutResult {
    const key = [namespace, next.userId] as const;
    const isRandom = change.digest === "";
    const known = isRandom ? undefined : statement.duplicate.get(...key, change.id);
    if (known) return toDuplicate(known as ChangeRow);
    const { changes } = expected
      ? statement.update.run(...toRow(next), ...key, expected.incarnation, expected.version)
      : statement.insert.run(...toRow(next), ...key);
    if (Number(changes) === 0) {
      // A random id can be there only by this very put, which was sent before and its answer lost.
      const own = isRandom ? statement.repeated.get(...key, change.version, change.id) : undefined;
      return own ? toDuplicate(own as ChangeRow) : "conflict";
    }
    statement.append.run(...key, change.id, change.version, change.at, change.digest, change.json);
    // Until a user has more entries than are kept, or is older than they may be, no entry is due.
    if (next.version > retention.entries || next.createdAt < retention.since) trim(key, next.version, retention);
    return "written";
  }

  /** Looks at the oldest entry only, unless there is something to trim. A user's versions have no gaps. */
  function trim(key: readonly [string, string], newest: number, { entries, since }: Put["retention"]): void {
    const oldest = statement.oldest.get(...key, ...key) as ChangeRow | undefined;
    let kept = oldest ? Number(oldest.version) : newest + 1;
    if (oldest && (kept <= newest - entries || oldest.at < since)) {
      const row = statement.oldestKept.get(...key, newest - entries, since) as ChangeRow | undefined;
      kept = row ? Number(row.version) : newest + 1;
      statement.empty.run(...key, oldest.version, kept);
    }
    const forgotten = Math.min(newest - remembered, kept - 1);
    if (forgotten > 0) statement.forget.run(...key, forgotten);
  }

  return {
    maxRecordBytes: 64 * 1024 * 1024,
    read: (userIds) =>
      run(() => {
        const [first] = userIds;
        if (first !== undefined && userIds.length === 1) {
          const row = statement.read.get(namespace, first) as RecordRow | undefined;
          return [row && toRecord(row)];
        }
        const rows = statement.readMany.all(namespace, JSON.stringify(userIds)) as RecordRow[];
        const records = new Map(rows.map((row) => [row.user_id, toRecord(row)]));
        return userIds.map((userId) => records.get(userId));
      }),
    write: (puts) => {
      let results: PutResult[] = [];
      return run(() => {
        try {
          return inTransaction(() => {
            results = puts.map(put);
            return results;
          });
        } catch (error) {
          if (!(error instanceof UserMetaError && error.code === "outcome_unknown")) throw error;
          return results.map((result) => (result === "written" ? "unknown" : result));
        }
      });
    },
    erase: (userId) =>
      run(() =>
        inTransaction(() => {
          statement.eraseChanges.run(namespace, userId);
          statement.eraseRecord.run(namespace, userId);
        }),
      ),
    list: async (query) => {
      requireIndexes(query.where, indexes);
      return run(() => search(ask, namespace, query).map(toRecord));
    },
    history: (userId, { before = Number.MAX_SAFE_INTEGER, limit }) =>
      run(() => (statement.history.all(namespace, userId, before, limit) as ChangeRow[]).map(toChange)),
    watch: (listener) => {
      const version = (): unknown => (statement.dataVersion.get() as { data_version: unknown }).data_version;
      let seen = version();
      // SQLite counts the commits of other connections, and does not say whose record they wrote.
      const timer = setInterval(() => {
        if (closed) return clearInterval(timer);
        const now = version();
        if (now !== seen) listener("gap");
        seen = now;
      }, watchInterval);
      timer.unref();
      return () => clearInterval(timer);
    },
    ping: () => run(() => void statement.ping.get()),
    close: async () => {
      if (!closed) release();
      closed = true;
    },
  };
}
