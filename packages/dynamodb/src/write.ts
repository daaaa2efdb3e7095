import {
  type ConditionalCheckFailedException,
  PutItemCommand,
  type PutItemCommandInput,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import type { Put, PutResult } from "@usermeta/core";
import {
  advance,
  changeKey,
  changeSort,
  changesSort,
  duplicateIn,
  type Item,
  isKept,
  partitionOf,
  recordKey,
  recordSort,
  type State,
  toChange,
  toChangeItem,
  toItem,
  toState,
  userIdOf,
} from "./item.ts";
import { answerOf, countDoubts, explained, getItems, queryItems, type Target, timely, writeItems } from "./request.ts";

/** What a put that may go ahead sends. */
interface Step {
  readonly put: Put;
  readonly item: Item;
  /** Entries that leave the record's item and have no item of their own. */
  readonly missing: readonly Item[];
  /** The entry that stays in the record's item for the last time. */
  readonly copies: readonly Item[];
  /** Keys of trimmed entries. */
  readonly trimmed: readonly Item[];
}
interface Failed {
  readonly error: unknown;
}

/** Every so many versions, a write deletes items of entries that were trimmed; at most so many. */
const [sweepEvery, sweepAtMost] = [16, 50];

/** Milliseconds a write waits for what is not part of its answer. */
const patienceAside = 400;

/**
 * Two round trips: one reads what there is, one puts every item on the condition that it still is what was read.
 *
 * An entry of the change log is first part of the record's item, written in one step with the record. The next write copies
 * it to an item of its own; the one after that saw the copy, and drops it from the record's. So no moment of a crash loses
 * an entry. Where the copy is missing it is made before anything else, in a third round trip.
 */
export async function writePuts(target: Target, prefix: Buffer, puts: readonly Put[]): Promise<readonly PutResult[]> {
  const keys = puts.flatMap((put) => keysOf(prefix, put));
  const [items, oldest] = await Promise.all([
    getItems(target, keys),
    Promise.all(puts.map((put) => oldestOf(target, prefix, put))),
  ]);
  const found = new Map(items.map((item) => [nameOf(userIdOf(prefix, item), item["sk"]?.S ?? ""), item]));
  const plans = puts.map((put, i) => plan(prefix, put, found, oldest[i] ?? []));
  const steps = plans.filter(isStep);
  await writeItems(target, toRequests(steps.flatMap(({ missing }) => missing)));
  const requests = toRequests(
    steps.flatMap(({ copies }) => copies),
    steps.flatMap(({ trimmed }) => trimmed),
  );
  // Whatever fails here is seen, and done again, by a later write: this one does not wait for it long.
  const aside = timely(target.table, (signal) => writeItems({ ...target, signal }, requests), patienceAside).catch(
    () => {},
  );
  const outcomes = await Promise.all(plans.map(async (it) => (isStep(it) ? carryOut(target, prefix, it, aside) : it)));
  await aside;
  return resultsOf(outcomes);
}

const isStep = (plan: PutResult | Step): plan is Step => typeof plan === "object" && "put" in plan;
const nameOf = (userId: string, sort: string): string => `${userId}\n${sort}`; // no user id holds a line break

/** The record, and the entry that the write before the last one should have copied. */
function keysOf(prefix: Buffer, { next: { userId }, expected }: Put): Item[] {
  const record = recordKey(prefix, userId);
  if (expected === undefined || expected.version < 2) return [record];
  return [record, changeKey(prefix, { userId, ...expected }, expected.version - 1)];
}

/** Now and then, the first entries of the change log that have items. */
async function oldestOf(target: Target, prefix: Buffer, { next, expected }: Put): Promise<readonly Item[]> {
  if (expected === undefined || next.version % sweepEvery !== 0) return [];
  const { items } = await queryItems(target, {
    KeyConditionExpression: "pk = :user AND begins_with(sk, :changes)",
    ExpressionAttributeValues: {
      ":user": partitionOf(prefix, next.userId),
      ":changes": { S: changesSort(expected.incarnation) },
    },
    ProjectionExpression: "pk, sk, #version, #at",
    ExpressionAttributeNames: { "#version": "version", "#at": "at" },
    Limit: sweepAtMost,
  });
  return items;
}

/** The answer to a put, as far as what was read gives one; otherwise what to send. */
function plan(prefix: Buffer, put: Put, found: ReadonlyMap<string, Item>, oldest: readonly Item[]): PutResult | Step {
  const { next, expected, change } = put;
  const item = found.get(nameOf(next.userId, recordSort));
  const before = item && toState(prefix, item);
  const duplicate = before && duplicateIn(before, change.id);
  if (duplicate) return { duplicate };
  if (before?.record.version !== expected?.version || before?.record.incarnation !== expected?.incarnation)
    return "conflict";
  const after = advance(before, put);
  const isCopied = (version: number): boolean => found.has(nameOf(next.userId, changeSort(next.incarnation, version)));
  const leaving = before?.tail.filter((entry) => entry.version < before.record.version && isKept(after, entry)) ?? [];
  return {
    put,
    item: toItem(prefix, after),
    missing: leaving.filter(({ version }) => !isCopied(version)).map((entry) => toChangeItem(prefix, next, entry)),
    copies: after.tail.filter(({ version }) => version < next.version).map((it) => toChangeItem(prefix, next, it)),
    trimmed: before === undefined ? [] : oldest.filter((it) => !isKept(before, toChange(it))).map(toKey),
  };
}

const toKey = ({ pk, sk }: Item): Item => ({ ...(pk && { pk }), ...(sk && { sk }) });

const toRequests = (puts: readonly Item[], deletes: readonly Item[] = []): WriteRequest[] => [
  ...puts.map((Item) => ({ PutRequest: { Item } })),
  ...deletes.map((Key) => ({ DeleteRequest: { Key } })),
];

/** Sends one put. */
async function carryOut(
  target: Target,
  prefix: Buffer,
  { put, item, copies }: Step,
  aside: Promise<void>,
): Promise<PutResult | Failed> {
  const { client, table, signal } = target;
  const command = new PutItemCommand({
    TableName: table,
    Item: item,
    ...conditionOf(put),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });
  const doubts = countDoubts(command);
  try {
    const refusal = await refusalOf(answerOf(target, client.send(command, { abortSignal: signal })));
    if (refusal === undefined) return "written";
    // Emulators leave the item out, and so does DynamoDB when there is none.
    const current = refusal.Item ?? (await getItems(target, [recordKey(prefix, put.next.userId)]))[0];
    const state = current && toState(prefix, current);
    if (copies.length > 0 && state?.record.incarnation !== put.next.incarnation) {
      // The user was erased meanwhile: nothing may be left behind.
      await aside;
      await writeItems(target, toRequests([], copies.map(toKey)));
    }
    return resultOf(put, state, doubts() > 0);
  } catch (error) {
    return doubts() > 0 ? "unknown" : { error: explained(error, table) };
  }
}

async function refusalOf(sending: Promise<unknown>): Promise<ConditionalCheckFailedException | undefined> {
  try {
    await sending;
    return undefined;
  } catch (error) {
    if ((error as Error).name === "ConditionalCheckFailedException") return error as ConditionalCheckFailedException;
    throw error;
  }
}

/** The whole item depends on the version, and with it the change ids that were read. */
function conditionOf({
  expected,
}: Put): Pick<PutItemCommandInput, "ConditionExpression" | "ExpressionAttributeNames" | "ExpressionAttributeValues"> {
  if (expected === undefined) return { ConditionExpression: "attribute_not_exists(pk)" };
  return {
    ConditionExpression: "#incarnation = :incarnation AND #version = :version",
    ExpressionAttributeNames: { "#incarnation": "incarnation", "#version": "version" },
    ExpressionAttributeValues: {
      ":incarnation": { S: expected.incarnation },
      ":version": { N: String(expected.version) },
    },
  };
}

/** What a refused put came to. After an attempt without an answer (`doubted`), its own id there means that it was that one. */
function resultOf({ next, change }: Put, state: State | undefined, doubted: boolean): PutResult {
  const duplicate = state && duplicateIn(state, change.id);
  if (!duplicate) return "conflict";
  const { version, digest } = duplicate;
  const isOwn = state.record.incarnation === next.incarnation && version === change.version && digest === change.digest;
  return doubted && isOwn ? "written" : { duplicate };
}

/** A rejection means that nothing was written; where some put has another answer, those that failed are sent again. */
function resultsOf(outcomes: readonly (PutResult | Failed)[]): readonly PutResult[] {
  const failed = outcomes.filter(isFailed);
  if (failed[0] !== undefined && failed.length === outcomes.length) throw failed[0].error;
  return outcomes.map((outcome) => (isFailed(outcome) ? "unknown" : outcome));
}

const isFailed = (outcome: PutResult | Failed): outcome is Failed => typeof outcome === "object" && "error" in outcome;
