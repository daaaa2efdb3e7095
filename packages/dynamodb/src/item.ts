import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import {
  invalidConfig,
  type Put,
  type Scope,
  type StoredChange,
  type StoredRecord,
  type StoredScope,
  scopes,
} from "@usermeta/core";

/** An item, or its key, as DynamoDB takes and gives it. */
export type Item = Record<string, AttributeValue>;

/** All that the one item of a user holds. */
export interface State {
  readonly record: StoredRecord;
  /** The last 256 changes, oldest first. Versions have no gaps, so the last one's is the record's. */
  readonly ids: readonly (readonly [id: string, digest?: string])[];
  /** The newest entries of the change log, oldest first: those that may not have an item of their own yet. */
  readonly tail: readonly StoredChange[];
  /** Entries up to this version are trimmed. */
  readonly floor: number;
  /** Entries older than this are trimmed, in milliseconds since 1970, up to version `until`: clocks may go back after it. */
  readonly since: number;
  readonly until: number;
}

/** Change ids that a store remembers per user. */
const remembered = 256;

/** What every key of a namespace begins with. Its length comes first: no two pairs of namespace and user id meet in one key. */
export function prefixOf(namespace: string): Buffer {
  if (typeof namespace !== "string" || !namespace.isWellFormed() || Buffer.byteLength(namespace) > 255)
    throw invalidConfig("namespace must be well-formed text of at most 255 bytes");
  const bytes = Buffer.from(namespace);
  return Buffer.concat([Buffer.of(bytes.length), bytes]);
}

/** The partition of a user: record and change log. */
export const partitionOf = (prefix: Buffer, userId: string): AttributeValue => ({
  B: Buffer.concat([prefix, Buffer.from(userId)]),
});

/** The user whose partition this is. */
export const userIdOf = (prefix: Buffer, { pk }: Item): string =>
  Buffer.from(pk?.B ?? [])
    .subarray(prefix.length)
    .toString();

/** The sort key of records; those of changes come before it. */
export const recordSort = "record";
/** What the sort keys of a user's changes begin with; a record that was erased and made anew has other ones. */
export const changesSort = (incarnation: string): string => `change/${incarnation}/`;
/** The sort key of a change. */
export const changeSort = (incarnation: string, version: number): string =>
  changesSort(incarnation) + String(version).padStart(16, "0");

/** Key of a user's record. */
export const recordKey = (prefix: Buffer, userId: string): Item => ({
  pk: partitionOf(prefix, userId),
  sk: { S: recordSort },
});

/** Key of one entry of a user's change log. */
export const changeKey = (
  prefix: Buffer,
  { userId, incarnation }: Pick<StoredRecord, "userId" | "incarnation">,
  version: number,
): Item => ({ pk: partitionOf(prefix, userId), sk: { S: changeSort(incarnation, version) } });

/** What `read` asks for: the record without the change ids and the log's tail. */
export const recordProjection: { ProjectionExpression: string; ExpressionAttributeNames: Record<string, string> } = {
  ProjectionExpression: "pk, sk, #incarnation, #version, #createdAt, #public, #private, #unsafe",
  ExpressionAttributeNames: Object.fromEntries(
    ["incarnation", "version", "createdAt", ...scopes].map((name) => [`#${name}`, name]),
  ),
};

const text = (item: Item | undefined, name: string): string => item?.[name]?.S ?? "";
const number = (item: Item | undefined, name: string): number => Number(item?.[name]?.N);

/** The record in an item. */
export function toRecord(prefix: Buffer, item: Item): StoredRecord {
  return {
    userId: userIdOf(prefix, item),
    incarnation: text(item, "incarnation"),
    version: number(item, "version"),
    createdAt: number(item, "createdAt"),
    ...(Object.fromEntries(scopes.map((scope) => [scope, toScope(item[scope]?.M)])) as Record<Scope, StoredScope>),
  };
}

const toScope = (item: Item | undefined): StoredScope => ({
  json: text(item, "json"),
  version: number(item, "version"),
  updatedAt: number(item, "updatedAt"),
});

/** Everything in a record's item. */
export function toState(prefix: Buffer, item: Item): State {
  return {
    record: toRecord(prefix, item),
    ids: JSON.parse(text(item, "ids")) as State["ids"],
    tail: (item["log"]?.L ?? []).map(({ M }) => toChange(M ?? {})),
    floor: number(item, "floor"),
    since: number(item, "since"),
    until: number(item, "until"),
  };
}

/** The entry in an item. */
export const toChange = (item: Item): StoredChange => ({
  id: text(item, "id"),
  version: number(item, "version"),
  at: number(item, "at"),
  digest: text(item, "digest"),
  json: text(item, "json"),
});

/** The item of a record. Only records have `namespace`, so only they are in the index that `list` goes by. */
export function toItem(prefix: Buffer, { record, ids, tail, floor, since, until }: State): Item {
  return {
    ...recordKey(prefix, record.userId),
    namespace: { B: prefix },
    incarnation: { S: record.incarnation },
    version: { N: String(record.version) },
    createdAt: { N: String(record.createdAt) },
    ...Object.fromEntries(scopes.map((scope) => [scope, { M: fromScope(record[scope]) }])),
    ids: { S: JSON.stringify(ids) },
    log: { L: tail.map((change) => ({ M: fromChange(change) })) },
    floor: { N: String(floor) },
    since: { N: String(since) },
    until: { N: String(until) },
  };
}

const fromScope = ({ json, version, updatedAt }: StoredScope): Item => ({
  json: { S: json },
  version: { N: String(version) },
  updatedAt: { N: String(updatedAt) },
});

const fromChange = ({ id, version, at, digest, json }: StoredChange): Item => ({
  id: { S: id },
  version: { N: String(version) },
  at: { N: String(at) },
  digest: { S: digest },
  json: { S: json ?? "" },
});

/** The item of an entry that leaves the tail. */
export const toChangeItem = (prefix: Buffer, record: StoredRecord, change: StoredChange): Item => ({
  ...changeKey(prefix, record, change.version),
  ...fromChange(change),
});

type Bounds = Pick<State, "floor" | "since" | "until">;

/** Whether an entry is in the change log that a state describes. */
export const isKept = ({ floor, since, until }: Bounds, { version, at }: StoredChange): boolean =>
  version > floor && (at >= since || version > until);

/** What a put makes of a user's state. The tail keeps the last entry beside the new one, until the next write saw its item. */
export function advance(before: State | undefined, { next, change, retention }: Put): State {
  const floor = Math.max(before?.floor ?? 0, next.version - retention.entries);
  const isLater = retention.since >= (before?.since ?? 0);
  const bounds = {
    floor,
    since: isLater ? retention.since : (before?.since ?? 0),
    until: isLater ? next.version : (before?.until ?? 0),
  };
  const last = before?.tail.filter(({ version }) => version === before.record.version) ?? [];
  return {
    record: next,
    ids: [
      ...(before?.ids ?? []),
      change.digest === "" ? ([change.id] as const) : ([change.id, change.digest] as const),
    ].slice(-remembered),
    tail: [...last, change].filter((it) => it.json !== null && it.at >= retention.since && isKept(bounds, it)),
    ...bounds,
  };
}

/** What a user's state says of a change id, if it remembers it. */
export function duplicateIn({ record, ids }: State, changeId: string): { version: number; digest: string } | undefined {
  const index = ids.findIndex(([id]) => id === changeId);
  return index < 0 ? undefined : { version: record.version - (ids.length - 1 - index), digest: ids[index]?.[1] ?? "" };
}
