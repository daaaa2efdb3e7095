import { checkOptions, UserMetaError } from "../errors.ts";
import type { JsonObject } from "./json.ts";
import { compare, requireIndexes, satisfies, toIndexes } from "./query.ts";
import type { MetadataStore, Put, PutResult, StoredChange, StoredRecord } from "./store.ts";

interface Entry {
  readonly record: StoredRecord;
  /** Oldest first. */
  readonly changes: readonly StoredChange[];
}

/** Change ids that a store remembers per user. */
const remembered = 256;

/**
 * A store that lives in this process only: for tests and for trying things out.
 *
 * ```ts
 * const meta = createUserMeta({ store: memoryStore({ indexes: ["public.plan"] }), verifier });
 * ```
 */
export function memoryStore(options: { readonly indexes?: readonly string[] } = {}): MetadataStore {
  checkOptions("memoryStore", options, ["indexes"]);
  const { indexes = [] } = options;
  toIndexes(indexes);
  const users = new Map<string, Entry>();
  let closed = false;
  const open = async (): Promise<void> => {
    if (closed) throw new UserMetaError("store_unavailable", "the store is closed");
  };

  function put({ next, expected, change, retention }: Put): PutResult {
    const { record, changes = [] } = users.get(next.userId) ?? {};
    const duplicate = changes.find(({ id }) => id === change.id);
    if (duplicate) return { duplicate: { version: duplicate.version, digest: duplicate.digest } };
    if (record?.incarnation !== expected?.incarnation || record?.version !== expected?.version) return "conflict";
    users.set(next.userId, { record: next, changes: trimmed([...changes, change], retention) });
    return "written";
  }

  return {
    maxRecordBytes: 64 * 1024 * 1024,
    async read(userIds) {
      await open();
      return userIds.map((userId) => users.get(userId)?.record);
    },
    async write(puts) {
      await open();
      return puts.map(put);
    },
    async erase(userId) {
      await open();
      users.delete(userId);
    },
    async list({ where, after, limit }) {
      await open();
      requireIndexes(where, indexes);
      return [...users.values()]
        .map(({ record }) => record)
        .filter(({ userId }) => after === undefined || compare(userId, after) > 0)
        .filter((record) => where.every((term) => satisfies(JSON.parse(record[term.scope].json) as JsonObject, term)))
        .sort((a, b) => compare(a.userId, b.userId))
        .slice(0, limit);
    },
    async history(userId, { before = Number.POSITIVE_INFINITY, limit }) {
      await open();
      const changes = users.get(userId)?.changes ?? [];
      return changes
        .filter(({ version, json }) => json !== null && version < before)
        .reverse()
        .slice(0, limit);
    },
    ping: open,
    async close() {
      closed = true;
    },
  };
}

/** What retention leaves: entries with their JSON, and of the last ids the rest. */
function trimmed(changes: readonly StoredChange[], { entries, since }: Put["retention"]): StoredChange[] {
  return changes
    .map((change, i) => (changes.length - i > entries || change.at < since ? { ...change, json: null } : change))
    .filter(({ json }, i) => json !== null || changes.length - i <= remembered);
}
