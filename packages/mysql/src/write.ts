import { compare, type Put, type PutResult, scopes } from "@usermeta/core";
import { commit, type Query, type Value } from "./connection.ts";
import * as sql from "./query.ts";

/** Change ids that a store remembers per user, at least. */
const remembered = 256;
/** Rows that one transaction trims: after retention was lowered much, the next writes go on. */
const maxTrimmed = 500;
/** Bytes of documents in one transaction: twice that as hexadecimal, within MariaDB's `max_allowed_packet` of 16 MiB. */
const maxBytes = 5 * 1024 * 1024;

/** Puts in the order of user ids, in which every process locks, and in parts that one statement can carry. */
export function toBatches(puts: readonly Put[]): readonly (readonly Put[])[] {
  const batches: Put[][] = [];
  let size = Number.POSITIVE_INFINITY;
  for (const put of puts.toSorted((a, b) => compare(a.next.userId, b.next.userId))) {
    const bytes = scopes.reduce((sum, scope) => sum + put.next[scope].json.length, put.change.json?.length ?? 0);
    size += bytes;
    if (size > maxBytes) {
      batches.push([]);
      size = bytes;
    }
    batches.at(-1)?.push(put);
  }
  return batches;
}

/**
 * Does each put as its own compare-and-set, all in one transaction of at most six statements: begin, compare and set,
 * see what came of it, append the changes, forget old ones, commit. The first of them locks the rows.
 */
export async function writeBatch(
  query: Query,
  namespace: Buffer,
  puts: readonly Put[],
): Promise<ReadonlyMap<Put, PutResult>> {
  const possible = puts.filter(({ expected }) => expected === undefined || expected.version > 0);
  if (possible.length > 0) {
    await query("START TRANSACTION");
    await query(sql.compareAndSet, [possible.map((put) => sql.toRow(namespace, put))]);
  }
  const rows = await query<sql.OutcomeRow>(sql.outcomes(puts.length), sql.toOutcomeValues(namespace, puts));
  const outcomes = rows.map(sql.toOutcome).map((row) => {
    const put = puts[row.place] as Put;
    return { row, put, ...outcomeOf(put, row) };
  });
  const results = new Map<Put, PutResult>(outcomes.map(({ put, result }) => [put, result]));
  if (possible.length === 0) return results;

  const wrong = outcomes.filter(({ isSet, result }) => isSet && result !== "written").map(({ put }) => put);
  if (wrong.length > 0) {
    await query("ROLLBACK");
    const others = puts.filter((put) => !wrong.includes(put));
    const rest = others.length > 0 ? await writeBatch(query, namespace, others) : [];
    return new Map([...wrong.map((put) => [put, results.get(put) as PutResult] as const), ...rest]);
  }

  const written = outcomes.filter(({ isSet }) => isSet);
  if (written.length === 0) {
    await query("ROLLBACK");
    return results;
  }
  await log(query, namespace, written);
  if (!(await commit(query))) for (const { put } of written) results.set(put, "unknown");
  return results;
}

/** Whether the statement set the record, and what the answer is. Where these disagree it must be undone. */
function outcomeOf({ next, expected, change }: Put, row: sql.OutcomeRow): { isSet: boolean; result: PutResult } {
  const isRepeated = row.known_version !== null;
  const isSet =
    row.version === next.version && row.change_id?.toString() === change.id && row.known_version !== row.version;
  if (isRepeated)
    return { isSet, result: { duplicate: { version: row.known_version, digest: row.known_digest ?? "" } } };
  // Expected a record, found none, and made one.
  const isWrong = expected !== undefined && row.expected?.length !== 0;
  return { isSet, result: isSet && !isWrong ? "written" : "conflict" };
}

/** Appends the changes and trims the log. A user's versions have no gaps. */
async function log(
  query: Query,
  namespace: Buffer,
  written: readonly { readonly put: Put; readonly row: sql.OutcomeRow }[],
): Promise<void> {
  const added: Value[] = [];
  const emptied: Value[] = [];
  const forgotten: Value[] = [];
  let budget = maxTrimmed;
  for (const { put, row } of written) {
    const { next, change, retention } = put;
    const userId = sql.bytes(next.userId);
    const isKept = retention.entries > 0 && change.at >= retention.since;
    const json = isKept && change.json !== null ? sql.bytes(change.json) : null;
    added.push([
      namespace,
      userId,
      change.version,
      sql.bytes(change.id),
      change.at,
      sql.bytes(change.digest),
      json,
      isKept ? 0 : 1,
    ]);
    const kept = row.oldest_kept ?? next.version;
    const last = Math.min(next.version - remembered, kept - 1);
    if (row.oldest !== null && row.oldest <= last && budget > 0) {
      const end = Math.min(last, row.oldest + budget - 1);
      forgotten.push(userId, row.oldest, end);
      budget -= end - row.oldest + 1;
    }
    for (let version = Math.max(row.oldest_whole ?? kept, last + 1); version < kept && budget > 0; version++, budget--)
      emptied.push([namespace, userId, version, sql.bytes(""), 0, sql.bytes(""), null, 1]);
  }
  await query(emptied.length > 0 ? sql.appendAndEmpty : sql.append, [[...added, ...emptied]]);
  if (forgotten.length > 0) await query(sql.forget(forgotten.length / 3), [namespace, ...forgotten]);
}
