import { base64url } from "jose";
import { UserMetaError } from "../errors.ts";
import type { MaybePromise } from "../maybe-promise.ts";
import { inBatches } from "./batches.ts";
import { type CacheOptions, createCache } from "./cache.ts";
import { type Change, type ResolvedHistory, readChange } from "./change.ts";
import type { Edit } from "./edit.ts";
import { createFeed } from "./feed.ts";
import { gather, queueByKey, unanswered, within } from "./gather.ts";
import type { ResolvedLimits } from "./limits.ts";
import { toTerms, type Where } from "./query.ts";
import { emptyRecord } from "./record.ts";
import type { Schemas } from "./schema.ts";
import type { MetadataStore, StoredChange, StoredRecord } from "./store.ts";
import { checkUserId } from "./user-id.ts";
import { toJson } from "./value.ts";
import { checkWriteOptions, type WriteOptions } from "./write-options.ts";
import { contention, createWriter, type KeyedWrite, type Learnt, type Written } from "./writer.ts";

/** One page, and the cursor of the next one where there may be one. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | undefined;
}

/** Which page. */
export interface PageQuery {
  /** `next` of the previous page, unchanged. */
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/**
 * Records as stored text. Route tables use this level, so that an answer is concatenated from what the store holds
 * instead of being parsed and serialised again; code uses the methods of {@link UserMeta}, which say more.
 */
export interface Records {
  readonly limits: ResolvedLimits;
  /** An unknown user's record is empty and has version 0. Needs no `this`, and no promise for what the cache holds. */
  readonly read: (userId: string) => MaybePromise<StoredRecord>;
  /** The same past the cache: what the store holds now. */
  latest(userId: string): Promise<StoredRecord>;
  /** Applies an edit: read, merge, compare-and-set with its change entry, again until the deadline. */
  write(userId: string, edit: Edit, options?: WriteOptions): Promise<Written>;
  /**
   * As `write`, for many at a time, up to 100 in one read and one write of the store. Of several writes to one user the
   * earlier come first. Settled results, in order.
   */
  writeMany(writes: readonly KeyedWrite[]): Promise<readonly PromiseSettledResult<Written>[]>;
  /** Removes the record and its history. */
  erase(userId: string): Promise<void>;
  list(query: PageQuery & { readonly where?: Where | undefined }): Promise<Page<StoredRecord>>;
  /** Newest first. */
  history(userId: string, query: PageQuery): Promise<Page<Change>>;
  /** Calls back whenever the user's record may have changed, here or in another process. Returns the way to stop. */
  listen(userId: string, listener: () => void): () => void;
  /** Drops what this process keeps of a user's record. */
  forget(userId: string): void;
  /** One entry of a user's change log. Throws `not_found`. */
  change(userId: string, changeId: string): Promise<Change>;
  ping(): Promise<void>;
  close(): Promise<void>;
}

/** What {@link createRecords} needs, with every default filled in. */
export interface RecordsOptions {
  readonly store: MetadataStore;
  readonly limits: ResolvedLimits;
  readonly schemas: Schemas;
  readonly history: ResolvedHistory;
  /** Milliseconds. */
  readonly deadline: number;
  readonly clock: () => number;
  /** Keeps records for reads in this process. */
  readonly cache: CacheOptions | undefined;
  /** Told of each change that this process has made; what it throws is dropped. */
  readonly onChange: ((event: RecordChange) => unknown) | undefined;
}

/** A change as {@link RecordsOptions.onChange} is told of it. */
export interface RecordChange {
  /** The record after it. */
  readonly record: StoredRecord;
  /** Its entry, as the change log has it; none after an erasure. */
  readonly change: StoredChange | undefined;
}

/** Metadata over any store: reads and writes are gathered, writes to one user wait for each other. */
export function createRecords(options: RecordsOptions): Records {
  const { store, limits, deadline } = options;
  const load = gather<string, StoredRecord>({
    run: async (userIds) => (await store.read(userIds)).map((record, i) => record ?? emptyRecord(userIds[i] as string)),
    key: (userId) => userId,
    shares: true,
    deadline,
    lost: () => {
      throw unanswered();
    },
  });
  const cache = options.cache && createCache(options.cache, store, load);
  const inTurn = queueByKey<{ learnt: Learnt }>();
  const writer = createWriter(load, inTurn, options);
  const feed = createFeed(store);

  async function announce(event: RecordChange): Promise<void> {
    feed.tell(event.record.userId);
    try {
      await options.onChange?.(event);
    } catch {
      // The write has happened: whatever a listener makes of it cannot fail it any more.
    }
  }

  function announceWritten(written: Written): Written {
    if (written.change !== undefined) void announce({ record: written.record, change: written.change });
    return written;
  }

  async function write(userId: string, edit: Edit, writeOptions: WriteOptions = {}): Promise<Written> {
    checkUserId(userId);
    checkWriteOptions(writeOptions);
    const until = performance.now() + deadline;
    const run = (): Promise<Written> => writer.one(userId, edit, writeOptions, until);
    return announceWritten(await (cache?.write(userId, run) ?? run()));
  }

  /** Fails as `store_unavailable` when the store takes too long. */
  async function timely<T>(answer: Promise<T>): Promise<T> {
    const boxed = answer.then((value) => ({ value }));
    const result = await within(deadline, boxed);
    if (result === undefined) throw unanswered();
    return result.value;
  }

  async function history(userId: string, { cursor, limit }: PageQuery): Promise<Page<Change>> {
    checkUserId(userId);
    if (cursor !== undefined && !/^\d{1,15}$/.test(cursor)) throw invalidCursor();
    const before = cursor === undefined ? undefined : Number(cursor);
    const items = await timely(store.history(userId, { before, limit }));
    return { items: items.map(readChange), next: items.length === limit ? String(items.at(-1)?.version) : undefined };
  }

  return {
    limits,
    history,
    read: (userId) => {
      checkUserId(userId);
      return cache === undefined ? load(userId) : cache.read(userId);
    },
    latest: async (userId) => {
      checkUserId(userId);
      return load(userId);
    },
    write,
    writeMany: (writes) =>
      inBatches(writes, {
        many: (batch) =>
          writer.many(batch).finally(() => {
            for (const { userId } of batch) cache?.drop(userId);
          }),
        one: ({ userId, edit, options: writeOptions }) => write(userId, edit, writeOptions),
        told: announceWritten,
      }),
    erase: async (userId) => {
      checkUserId(userId);
      const until = performance.now() + deadline;
      // Whoever writes next waits until the store is done with it: an erasure that comes late must not take a later write.
      const eraseIt = (note: { learnt?: Learnt }): Promise<void> => {
        delete note.learnt;
        return store.erase(userId).finally(() => cache?.drop(userId));
      };
      const erased = inTurn(userId, eraseIt, until, contention);
      const answer = await within(
        deadline,
        erased.then(() => true),
      );
      if (answer === undefined)
        throw new UserMetaError("outcome_unknown", "the store did not say whether the erasure happened");
      void announce({ record: emptyRecord(userId), change: undefined });
    },
    list: async ({ where = {}, cursor, limit }) => {
      const terms = toTerms(toJson(where, 3));
      const after = cursor === undefined ? undefined : decodeCursor(cursor);
      const items = await timely(store.list({ where: terms, after, limit }));
      const last = items.at(-1)?.userId;
      return { items, next: items.length === limit && last !== undefined ? base64url.encode(last) : undefined };
    },
    change: async (userId, changeId) => {
      for await (const change of allPages((page) => history(userId, page))) if (change.id === changeId) return change;
      throw new UserMetaError("not_found", "the user's change log holds no such change");
    },
    listen: (userId, listener) => feed.listen(userId, listener),
    forget: (userId) => cache?.drop(userId),
    ping: () => timely(store.ping()),
    close: () => {
      feed.close();
      cache?.close();
      return store.close();
    },
  };
}

/** Every item of every page, one after another. */
export async function* allPages<T>(
  fetchPage: (query: PageQuery) => Promise<Page<T>>,
): AsyncGenerator<T, void, undefined> {
  let cursor: string | undefined;
  do {
    const page = await fetchPage({ cursor, limit: 100 });
    yield* page.items;
    cursor = page.next;
  } while (cursor !== undefined);
}

/** All that an iterable yields. Array.fromAsync needs Node 22. */
export async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const result: T[] = [];
  for await (const item of items) result.push(item);
  return result;
}

/** The user id in a cursor; it must be one that we could have encoded. */
function decodeCursor(cursor: string): string {
  try {
    const userId = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(base64url.decode(cursor));
    checkUserId(userId);
    if (base64url.encode(userId) === cursor) return userId;
  } catch {
    // falls through: whatever is wrong with it, it is not ours
  }
  throw invalidCursor();
}

const invalidCursor = (): UserMetaError =>
  new UserMetaError("invalid_cursor", "pass the cursor of the previous page unchanged");
