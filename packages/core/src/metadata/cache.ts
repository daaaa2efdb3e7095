import { checkOptions, invalidConfig } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import type { MetadataStore, StoredRecord } from "./store.ts";
import { transientMap } from "./transient-map.ts";

/** How records are kept in this process for later reads. */
export interface CacheOptions {
  /**
   * The staleness bound: a read may miss what another process wrote within so many seconds. Stores that can tell of
   * other processes' writes make it far shorter. What this process wrote is always seen.
   */
  readonly seconds: number;
  /** Most records that are kept; the oldest goes first that was not used since it came, or since it was spared. @default 10000 */
  readonly records?: number;
}

/** Records by user id. Writes never start from it: they read the store. */
export interface RecordCache {
  /** The record, from the cache or from the store. */
  read(userId: string): MaybePromise<StoredRecord>;
  /** Carries out a write and keeps the record it leaves, so that this process reads its own writes. */
  write<T extends { readonly record: StoredRecord }>(userId: string, write: () => Promise<T>): Promise<T>;
  /** Forgets one user, or everybody. */
  drop(userId?: string): void;
  /** Stops listening to the store. */
  close(): void;
}

/** A cache in front of `load`, kept current by what the store tells of other processes. Throws `invalid_config`. */
export function createCache(
  options: CacheOptions,
  store: Pick<MetadataStore, "watch">,
  load: (userId: string) => Promise<StoredRecord>,
): RecordCache {
  checkOptions("cache", options, ["seconds", "records"]);
  const { seconds, records: most = 10_000 } = options;
  if (!(seconds > 0) || !(most >= 1)) throw invalidConfig("cache needs seconds above 0, and records of at least 1");
  const kept = new Map<string, { readonly record: StoredRecord; readonly until: number; isUsed: boolean }>();
  /** Reads and writes under way, per user: whether what they find may be old already, and the newest that others found. */
  const underWay = transientMap<string, Set<{ overtaken: boolean; seen?: StoredRecord }>>();

  function keep(record: StoredRecord): void {
    kept.delete(record.userId);
    if (kept.size >= most) evict();
    kept.set(record.userId, { record, until: performance.now() + seconds * 1000, isUsed: false });
  }

  /** Second chance instead of least recently used: a hit only sets a flag, where moving an entry would rebuild the map. */
  function evict(): void {
    for (const [userId, entry] of kept) {
      kept.delete(userId);
      if (!entry.isUsed) return;
      entry.isUsed = false;
      kept.set(userId, entry);
    }
  }

  function drop(userId?: string): void {
    const all = userId === undefined ? [...underWay.values()] : [underWay.get(userId) ?? []];
    for (const operations of all) for (const operation of operations) operation.overtaken = true;
    if (userId === undefined) kept.clear();
    else kept.delete(userId);
  }

  /** Runs an operation and keeps its record, unless another that overlaps has seen more: reads never go back. */
  async function track<T>(userId: string, run: () => Promise<T>, recordOf: (result: T) => StoredRecord): Promise<T> {
    const operation: { overtaken: boolean; seen?: StoredRecord } = { overtaken: false };
    const operations = underWay.get(userId) ?? new Set();
    underWay.set(userId, operations.add(operation));
    try {
      const result = await run();
      const record = recordOf(result);
      if (!operation.overtaken && isSameOrLater(record, operation.seen)) keep(record);
      else if (!isSameOrLater(kept.get(userId)?.record ?? record, record)) kept.delete(userId);
      for (const other of operations) {
        if (isSameOrLater(record, other.seen)) other.seen = record;
        else if (!isSameOrLater(other.seen, record)) other.overtaken = true; // one of them was erased, and nobody knows which
      }
      return result;
    } finally {
      operations.delete(operation);
      if (operations.size === 0) underWay.delete(userId);
    }
  }

  const stop = store.watch?.((event) => (event === "gap" ? drop() : drop(event.userId)));

  return {
    read: (userId) => {
      const found = kept.get(userId);
      if (found === undefined || found.until < performance.now())
        return track(
          userId,
          () => load(userId),
          (record) => record,
        );
      found.isUsed = true;
      return found.record;
    },
    write: async (userId, write) => {
      try {
        return await track(userId, write, ({ record }) => record);
      } catch (error) {
        drop(userId); // it may have been written all the same
        throw error;
      }
    },
    drop,
    close: () => stop?.(),
  };
}

/** Whether a record is known to be no older than another: of two incarnations nothing tells which came first. */
function isSameOrLater(record: StoredRecord | undefined, other: StoredRecord | undefined): boolean {
  if (other === undefined) return true;
  return record !== undefined && record.incarnation === other.incarnation && record.version >= other.version;
}
