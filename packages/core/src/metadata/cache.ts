import { invalidConfig } from "../errors.ts";
import type { MetadataStore, StoredRecord } from "./store.ts";

/** How records are kept in this process for later reads. */
export interface CacheOptions {
  /**
   * The staleness bound: a read may miss what another process wrote within so many seconds. Stores that can tell of
   * other processes' writes make it far shorter. What this process wrote is always seen.
   */
  readonly seconds: number;
  /** Most records that are kept; the one unused for longest goes first. @default 10000 */
  readonly records?: number;
}

/** Records by user id. Writes never start from it: they read the store. */
export interface RecordCache {
  /** The record, from the cache or by `load`. */
  read(userId: string): Promise<StoredRecord>;
  /** Keeps what this process has just written, so that it reads its own writes. */
  put(record: StoredRecord): void;
  /** Forgets one user, or everybody. */
  drop(userId?: string): void;
  /** Stops listening to the store. */
  close(): void;
}

/** A cache in front of `load`, kept current by what the store tells of other processes. Throws `invalid_config`. */
export function createCache(
  { seconds, records: most = 10_000 }: CacheOptions,
  store: Pick<MetadataStore, "watch">,
  load: (userId: string) => Promise<StoredRecord>,
): RecordCache {
  if (!(seconds > 0) || !(most >= 1)) throw invalidConfig("cache needs seconds above 0, and records of at least 1");
  const kept = new Map<string, { readonly record: StoredRecord; readonly until: number }>();
  /** Reads under way, per user. One that began before a write must not overwrite what the write left. */
  const reading = new Map<string, Set<{ overtaken: boolean }>>();

  function keep(record: StoredRecord): void {
    kept.delete(record.userId);
    kept.set(record.userId, { record, until: performance.now() + seconds * 1000 });
    if (kept.size > most) kept.delete(kept.keys().next().value as string);
  }

  function drop(userId?: string): void {
    const overtaken = userId === undefined ? [...reading.values()] : [reading.get(userId) ?? []];
    for (const reads of overtaken) for (const read of reads) read.overtaken = true;
    if (userId === undefined) kept.clear();
    else kept.delete(userId);
  }

  async function fetch(userId: string): Promise<StoredRecord> {
    const read = { overtaken: false };
    const reads = reading.get(userId) ?? new Set();
    reading.set(userId, reads.add(read));
    try {
      const record = await load(userId);
      if (!read.overtaken) keep(record);
      return record;
    } finally {
      reads.delete(read);
      if (reads.size === 0) reading.delete(userId);
    }
  }

  const stop = store.watch?.((event) => (event === "gap" ? drop() : drop(event.userId)));

  return {
    read: (userId) => {
      const found = kept.get(userId);
      if (found === undefined || found.until < performance.now()) return fetch(userId);
      kept.delete(userId); // to the end: insertion order is the order of use
      kept.set(userId, found);
      return Promise.resolve(found.record);
    },
    put: (record) => {
      drop(record.userId);
      keep(record);
    },
    drop,
    close: () => stop?.(),
  };
}
