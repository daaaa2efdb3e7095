import { DeleteItemCommand, type DynamoDBClient } from "@aws-sdk/client-dynamodb";
import {
  checkOptions,
  type HistoryQuery,
  invalidConfig,
  type ListQuery,
  type MetadataStore,
  type StoredChange,
  type StoredRecord,
  UserMetaError,
} from "@usermeta/core";
import {
  changeSort,
  changesSort,
  isKept,
  partitionOf,
  prefixOf,
  recordKey,
  toChange,
  toRecord,
  toState,
  userIdOf,
} from "./item.ts";
import {
  answerOf,
  countDoubts,
  getItems,
  isTableName,
  openUrl,
  queryItems,
  type Target,
  timely,
  writeItems,
} from "./request.ts";
import { checkSchema, migrate, usersIndex } from "./schema.ts";
import { writePuts } from "./write.ts";

/** What {@link dynamodbStore} can be told. */
export interface DynamodbOptions {
  /** The application's own client. `close()` leaves it open. */
  readonly client: Pick<DynamoDBClient, "send">;
  /** The store's table, which it shares with nothing else. @default "usermeta" */
  readonly table?: string;
  /** Keeps several applications apart in one table; at most 255 bytes. @default "" */
  readonly namespace?: string;
}

/** A {@link MetadataStore} whose table has to be made once. */
export interface DynamodbStore extends MetadataStore {
  /**
   * Creates the table where it is missing, billed on demand, and waits until it is active; a no-op on a current one. Safe
   * when several processes do so at once. Resolves to the input of CreateTable as JSON text if it was missing; with `dryRun`
   * that is all it does.
   *
   * Rejects with `invalid_config` for a table with other keys or a newer schema.
   */
  migrate(options?: { readonly dryRun?: boolean }): Promise<readonly string[]>;
}

/**
 * A store in one DynamoDB table. Any number of processes can use it. `list` gives all users, and `not_supported` to `where`.
 *
 * Takes the application's client, or `dynamodb://<region>/<table>?endpoint=<URL>` (the endpoint for emulators only). Throws
 * `invalid_config`; a table that is missing or has a newer schema is told of by the first operation, as `invalid_config`.
 *
 * ```ts
 * const store = dynamodbStore({ client: new DynamoDBClient({ region: "eu-central-1" }), table: "usermeta" });
 * await store.migrate();
 * ```
 */
export function dynamodbStore(options: DynamodbOptions): DynamodbStore;
export function dynamodbStore(url: string, options?: Pick<DynamodbOptions, "namespace">): DynamodbStore;
export function dynamodbStore(
  source: DynamodbOptions | string,
  options: Pick<DynamodbOptions, "namespace"> = {},
): DynamodbStore {
  if (typeof source === "string") {
    checkOptions("dynamodbStore", options, ["namespace"]);
    const prefix = prefixOf(options.namespace ?? "");
    const { client, table } = openUrl(source);
    return storeIn(client, table, prefix, () => client.destroy());
  }
  checkOptions("dynamodbStore", source, ["client", "table", "namespace"]);
  const { client, table = "usermeta", namespace = "" } = source;
  if (typeof client?.send !== "function") throw invalidConfig("client must be a DynamoDBClient");
  if (!isTableName(table)) throw invalidConfig("table must be 3 to 255 of the characters a-z A-Z 0-9 _ . -");
  return storeIn(client, table, prefixOf(namespace), () => {});
}

/** The item of a user has at most 409,600 bytes; this leaves room for 256 change ids and two entries of 16 KiB. */
const maxRecordBytes = 320 * 1024;

function storeIn(
  client: Pick<DynamoDBClient, "send">,
  table: string,
  prefix: Buffer,
  release: () => void,
): DynamodbStore {
  let checked = false;
  let closed = false;

  /** One operation and its deadline. The first ones look at the schema. */
  const run = <T>(operation: (target: Target) => Promise<T>): Promise<T> =>
    timely(table, async (signal) => {
      if (closed) throw new UserMetaError("store_unavailable", "the store is closed");
      const target = { client, table, signal };
      if (!checked) await checkSchema(target);
      checked = true;
      return operation(target);
    });

  /** The record goes first: from then on the user is unknown, and no write can add to the change log. */
  async function erase(userId: string): Promise<void> {
    let begun = false;
    try {
      await run(async (target) => {
        const command = new DeleteItemCommand({ TableName: table, Key: recordKey(prefix, userId) });
        const doubts = countDoubts(command);
        try {
          await answerOf(target, client.send(command, { abortSignal: target.signal }));
        } finally {
          begun = doubts() > 0;
        }
      });
      while (await run((target) => eraseSome(target, prefix, userId)));
    } catch (cause) {
      if (!begun) throw cause;
      throw new UserMetaError("outcome_unknown", "part of the user may be erased: erase it again", { cause });
    }
  }

  return {
    maxRecordBytes,
    read: (userIds) =>
      run(async (target) => {
        const keys = userIds.map((userId) => recordKey(prefix, userId));
        const items = await getItems(target, keys, true);
        const records = new Map(items.map((item) => [userIdOf(prefix, item), toRecord(prefix, item)]));
        return userIds.map((userId) => records.get(userId));
      }),
    write: (puts) => run((target) => writePuts(target, prefix, puts)),
    erase,
    list: async (query) => {
      if (query.where.length > 0)
        throw new UserMetaError("not_supported", "DynamoDB cannot search metadata: list without where");
      return run((target) => list(target, prefix, query));
    },
    history: (userId, query) => run((target) => history(target, prefix, userId, query)),
    ping: () => run(checkSchema),
    close: async () => {
      if (!closed) release();
      closed = true;
    },
    migrate: async ({ dryRun = false } = {}) => migrate(client, table, dryRun),
  };
}

/** Deletes some of a user's change log; whether there may be more. */
async function eraseSome(target: Target, prefix: Buffer, userId: string): Promise<boolean> {
  const { items, end } = await queryItems(target, {
    KeyConditionExpression: "pk = :user AND begins_with(sk, :changes)",
    ExpressionAttributeValues: {
      ":user": partitionOf(prefix, userId),
      ":changes": { S: changesSort("").slice(0, -1) },
    },
    ProjectionExpression: "pk, sk",
    ConsistentRead: true,
    Limit: 500,
  });
  await writeItems(
    target,
    items.map((Key) => ({ DeleteRequest: { Key } })),
  );
  return end !== undefined;
}

/** The index tells, a moment late, who there is; the records are the latest. */
async function list(target: Target, prefix: Buffer, { after, limit }: ListQuery): Promise<readonly StoredRecord[]> {
  const records: StoredRecord[] = [];
  let last = after === undefined ? { B: prefix } : partitionOf(prefix, after);
  for (;;) {
    const { items, end } = await queryItems(target, {
      IndexName: usersIndex,
      KeyConditionExpression: "#namespace = :namespace AND pk > :last",
      ExpressionAttributeNames: { "#namespace": "namespace" },
      ExpressionAttributeValues: { ":namespace": { B: prefix }, ":last": last },
      Limit: limit - records.length,
    });
    const userIds = items.map((item) => userIdOf(prefix, item));
    const keys = userIds.map((userId) => recordKey(prefix, userId));
    const found = (await getItems(target, keys, true)).map((item) => toRecord(prefix, item));
    const byId = new Map(found.map((record) => [record.userId, record]));
    records.push(...userIds.flatMap((userId) => byId.get(userId) ?? []));
    if (end === undefined || records.length >= limit) return records;
    last = end["pk"] ?? last;
  }
}

async function history(
  target: Target,
  prefix: Buffer,
  userId: string,
  { before = Number.POSITIVE_INFINITY, limit }: HistoryQuery,
): Promise<readonly StoredChange[]> {
  const [item] = await getItems(target, [recordKey(prefix, userId)]);
  if (item === undefined) return [];
  const state = toState(prefix, item);
  const { incarnation, version } = state.record;
  const changes = state.tail.filter((change) => change.version < before && isKept(state, change)).reverse();
  // Whatever is older than the tail has an item of its own.
  let below = Math.min(before, state.tail[0]?.version ?? version + 1);
  while (changes.length < limit && below > state.floor + 1) {
    const { items, end } = await queryItems(target, {
      KeyConditionExpression: "pk = :user AND sk BETWEEN :first AND :last",
      ExpressionAttributeValues: {
        ":user": partitionOf(prefix, userId),
        ":first": { S: changeSort(incarnation, state.floor + 1) },
        ":last": { S: changeSort(incarnation, below - 1) },
      },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: limit - changes.length,
    });
    const older = items.map(toChange);
    changes.push(...older.filter((change) => isKept(state, change)));
    below = older.at(-1)?.version ?? 0;
    if (end === undefined) break;
  }
  return changes.slice(0, limit);
}
