import type { Put, StoredChange, StoredRecord, StoredScope } from "@usermeta/core";
import { type Scope, scopes } from "@usermeta/core";
import type { Value } from "./connection.ts";

/** Text as its UTF-8 bytes. */
export const bytes = (text: string): Buffer => Buffer.from(text);

type ScopeColumns = Readonly<Record<`${Scope}_json`, string> & Record<`${Scope}_${"version" | "updated_at"}`, number>>;
/** A row of `usermeta_records`. */
export interface RecordRow extends ScopeColumns {
  readonly user_id: Buffer;
  readonly incarnation: string;
  readonly version: number;
  readonly created_at: number;
}
/** A row of `usermeta_changes`. */
export type ChangeRow = Omit<StoredChange, "id"> & { readonly id: Buffer };
/** What became of a put, and how far the user's change log reaches. */
export interface OutcomeRow {
  readonly place: number;
  readonly version: number | null;
  readonly change_id: Buffer | null;
  readonly expected: Buffer | null;
  readonly known_version: number | null;
  readonly known_digest: string | null;
  readonly oldest: number | null;
  readonly oldest_whole: number | null;
  readonly oldest_kept: number | null;
}

// MySQL puts `version` last: what stands before it is compared with the version that was there.
const changing = [
  ...scopes.flatMap((scope) => [`${scope}_json`, `${scope}_version`, `${scope}_updated_at`]),
  "change_id",
  "version",
];
const columns = ["user_id", "incarnation", "created_at", ...changing];
const selected = columns.filter((column) => column !== "change_id").join(", ");
const ofUser = "namespace = ? AND user_id = ?";

export const read: string = `SELECT ${selected} FROM usermeta_records WHERE namespace = ? AND user_id IN (?)`;
/** To be completed with conditions. */
export const readWhere = (index: string): string => `SELECT ${selected} FROM usermeta_records ${index} WHERE `;

/**
 * The compare-and-set of every put in one statement, which also locks the rows in the order of user ids. `expected` is
 * what a put expects, and "" in every row that is not of this transaction: it stays filled where a record was expected
 * and there was none. VALUES() because MariaDB does not know MySQL's newer row alias.
 */
export const compareAndSet: string = `INSERT INTO usermeta_records (namespace, expected, ${columns.join(", ")}) VALUES ?
  ON DUPLICATE KEY UPDATE ${changing
    .map((name) => `${name} = IF(VALUES(expected) = CONCAT(incarnation, x'2e', version), VALUES(${name}), ${name})`)
    .join(", ")}`;

/** A row of {@link compareAndSet}. */
export function toRow(namespace: Buffer, { next, expected, change }: Put): Value[] {
  return [
    namespace,
    bytes(expected === undefined ? "" : `${expected.incarnation}.${expected.version}`),
    bytes(next.userId),
    bytes(next.incarnation),
    next.createdAt,
    ...scopes.flatMap((scope) => [bytes(next[scope].json), next[scope].version, next[scope].updatedAt]),
    bytes(change.id),
    next.version,
  ];
}

const ofPut = (index: string): string =>
  `SELECT version FROM usermeta_changes FORCE INDEX (${index}) WHERE namespace = ? AND user_id = put.user_id`;
// The servers would read all that was trimmed.
const whole = `${ofPut("usermeta_change_log")} AND trimmed = 0`;
/** An {@link OutcomeRow} for each of `count` puts, of which {@link toOutcomeValues} gives the values. */
export const outcomes = (count: number): string => `SELECT put.place, record.version, record.change_id,
    record.expected, known.version AS known_version, known.digest AS known_digest,
    (${ofPut("PRIMARY")} ORDER BY version LIMIT 1) AS oldest,
    (${whole} ORDER BY version LIMIT 1) AS oldest_whole,
    (${whole} AND version > put.cut AND at >= put.since ORDER BY version LIMIT 1) AS oldest_kept
  FROM (SELECT ? AS place, ? AS user_id, ? AS id, ? AS cut, ? AS since
    ${"UNION ALL SELECT ?, ?, ?, ?, ? ".repeat(count - 1)}) AS put
  LEFT JOIN usermeta_records AS record ON record.namespace = ? AND record.user_id = put.user_id
  LEFT JOIN usermeta_changes AS known
    ON known.namespace = ? AND known.user_id = put.user_id AND known.id = put.id`;

export function toOutcomeValues(namespace: Buffer, puts: readonly Put[]): Value[] {
  const ofPuts = puts.flatMap(({ next, change, retention: { entries, since } }, place) => [
    place,
    bytes(next.userId),
    bytes(change.id),
    Math.max(0, next.version - entries),
    Math.max(0, since),
  ]);
  return [namespace, namespace, namespace, ...ofPuts, namespace, namespace];
}

/** Numbers are converted as in {@link toRecord}. */
export function toOutcome(row: OutcomeRow): OutcomeRow {
  const number = (value: number | null): number | null => (value === null ? null : Number(value));
  return {
    ...row,
    place: Number(row.place),
    version: number(row.version),
    known_version: number(row.known_version),
    oldest: number(row.oldest),
    oldest_whole: number(row.oldest_whole),
    oldest_kept: number(row.oldest_kept),
  };
}

export const append: string =
  "INSERT INTO usermeta_changes (namespace, user_id, version, id, at, digest, json, trimmed) VALUES ?";
/** Rows that are there already are those to be emptied. */
export const appendAndEmpty: string = `${append} ON DUPLICATE KEY UPDATE json = NULL, trimmed = 1`;

/** By ranges between existing rows, which lock no gap that another user's next change falls into. */
export const forget = (ranges: number): string => `DELETE entry FROM usermeta_changes AS entry FORCE INDEX (PRIMARY)
  WHERE namespace = ? AND (${Array(ranges).fill("user_id = ? AND version BETWEEN ? AND ?").join(" OR ")})`;

/** Record first, as writes do. */
export const erase: string = `DELETE record, entry FROM usermeta_records AS record LEFT JOIN usermeta_changes AS entry
  ON entry.namespace = record.namespace AND entry.user_id = record.user_id
  WHERE record.namespace = ? AND record.user_id = ?`;

export const history: string = `SELECT id, version, at, digest, json FROM usermeta_changes
  WHERE ${ofUser} AND version < ? AND json IS NOT NULL ORDER BY version DESC LIMIT ?`;

/** Numbers are converted because an application's own pool may be set to give them as text. */
export function toRecord(row: RecordRow): StoredRecord {
  const scope = (name: Scope): StoredScope => ({
    json: row[`${name}_json`],
    version: Number(row[`${name}_version`]),
    updatedAt: Number(row[`${name}_updated_at`]),
  });
  return {
    userId: row.user_id.toString(),
    incarnation: row.incarnation,
    version: Number(row.version),
    createdAt: Number(row.created_at),
    public: scope("public"),
    private: scope("private"),
    unsafe: scope("unsafe"),
  };
}

export function toChange({ id, version, at, digest, json }: ChangeRow): StoredChange {
  return { id: id.toString(), version: Number(version), at: Number(at), digest, json };
}
