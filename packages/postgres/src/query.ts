import { createHash } from "node:crypto";
import {
  type Put,
  type PutResult,
  type Scope,
  type StoredChange,
  type StoredRecord,
  type StoredScope,
  scopes,
} from "@usermeta/core";

type Count = string | number | bigint;
type ScopeColumns = Readonly<Record<`${Scope}_json`, string> & Record<`${Scope}_${"version" | "updated_at"}`, Count>>;
/** A row of `usermeta_records`. pg gives bigints as strings, or as what the application's type parsers make of them. */
export interface RecordRow extends ScopeColumns {
  readonly user_id: string;
  readonly incarnation: string;
  readonly version: Count;
  readonly created_at: Count;
}

/** A row of `usermeta_changes`. */
export interface ChangeRow {
  readonly id: string;
  readonly version: Count;
  readonly at: Count;
  readonly digest: string;
  readonly json: string | null;
}

/** What became of one put. */
export interface ResultRow {
  /** Its place in the batch, from 1. */
  readonly place: Count;
  readonly duplicate_version: Count | null;
  readonly duplicate_digest: string;
  /** Whether the record was the expected one when the statement began. */
  readonly hopeful: boolean;
  readonly written: boolean;
}

/** A change that was found to be there already. */
export interface DuplicateRow {
  readonly user_id: string;
  readonly version: Count;
  readonly digest: string;
}

export function toRecord(row: RecordRow): StoredRecord {
  const scope = (name: Scope): StoredScope => ({
    json: row[`${name}_json`],
    version: Number(row[`${name}_version`]),
    updatedAt: Number(row[`${name}_updated_at`]),
  });
  return {
    userId: row.user_id,
    incarnation: row.incarnation,
    version: Number(row.version),
    createdAt: Number(row.created_at),
    public: scope("public"),
    private: scope("private"),
    unsafe: scope("unsafe"),
  };
}

/** A change without its user. */
export function toChange({ id, version, at, digest, json }: ChangeRow): StoredChange {
  return { id, version: Number(version), at: Number(at), digest, json };
}

export const toDuplicate = (version: Count, digest: string): PutResult => ({
  duplicate: { version: Number(version), digest },
});

/** A column of the batch that a write takes apart: its name, its type, and its value in a put. */
type Column = readonly [name: string, type: "text" | "bigint" | "float8", of: (put: Put) => string | number | null];

const recordColumns: readonly Column[] = [
  ["user_id", "text", ({ next }) => next.userId],
  ["incarnation", "text", ({ next }) => next.incarnation],
  ["version", "bigint", ({ next }) => next.version],
  ["created_at", "bigint", ({ next }) => next.createdAt],
  ...scopes.flatMap((scope): Column[] => [
    [`${scope}_json`, "text", ({ next }) => next[scope].json],
    [`${scope}_version`, "bigint", ({ next }) => next[scope].version],
    [`${scope}_updated_at`, "bigint", ({ next }) => next[scope].updatedAt],
  ]),
];
const putColumns: readonly Column[] = [
  ...recordColumns,
  ["expected_incarnation", "text", ({ expected }) => expected?.incarnation ?? null],
  ["expected_version", "bigint", ({ expected }) => expected?.version ?? null],
  ["id", "text", ({ change }) => change.id],
  ["at", "bigint", ({ change }) => change.at],
  ["digest", "text", ({ change }) => change.digest],
  ["json", "text", ({ change }) => change.json],
  ["entries", "bigint", ({ retention }) => retention.entries],
  ["since", "float8", ({ retention }) => retention.since], // -Infinity when days are unlimited
];

/** Neither can stand in what is joined: user ids hold no control characters, JSON escapes them, and the rest is drawn or hashed. */
const [separator, absent] = ["\u001f", "\u001e"];

/** The values of a batch for {@link statements}.write: one text for each column, because pg's own arrays cost as much as the merge. */
export function toColumns(puts: readonly Put[]): string[] {
  return putColumns.map(([, type, of]) =>
    type === "text"
      ? puts.map((put) => separator + (of(put) ?? absent)).join("")
      : `{${puts.map((put) => of(put) ?? "NULL").join()}}`,
  );
}

const names = (columns: readonly Column[]): string => columns.map(([name]) => name).join(", ");
/** The columns of a record. */
export const columns: string = names(recordColumns);
const changing = recordColumns.slice(1);
// A separator comes first, for the array of an empty text would be empty.
const batch = putColumns
  .map(([, type], i) =>
    type === "text" ? `(string_to_array($${i + 5}, E'\\x1f', E'\\x1e'))[2:]` : `$${i + 5}::${type}[]`,
  )
  .join(", ");

/** Change ids that a store remembers per user. */
const remembered = 256;

/** A statement whose text never changes. */
export interface Statement {
  readonly text: string;
  /** Its name on a connection where statements are prepared. */
  readonly name?: string;
  /** Whether it may have changed something when its answer is lost. */
  readonly writes?: boolean;
}

/** A statement with a name of its own; another text gets another name, also in another version of this package. */
export function statement(text: string, writes = false): Statement {
  return { text, writes, name: `usermeta_${createHash("sha256").update(text).digest("hex").slice(0, 16)}` };
}

/**
 * All compare-and-sets of a batch in one statement, which is its own transaction.
 *
 * Every part sees the snapshot of the statement's beginning. `put` says which puts were hopeful in it: no duplicate, and
 * the record as expected. `locked` waits for the records of those, in the order of user ids so that no two batches wait
 * for each other, and PostgreSQL checks there again that the record is still the expected one. First writes come after all
 * locks, in the same order; who comes second writes nothing. A put that was hopeful and is not written met another write
 * whose change this snapshot cannot see: whether it was the same change, `duplicates` tells.
 *
 * The id of a request may be that of any change; one that was drawn can be there only by this very put, at its version.
 * Until a user has more entries than are kept, or is older than they may be, none is due to go.
 *
 * Records are updated by way of ON CONFLICT, which goes by the primary key whatever the planner thinks: the plan may be
 * made while the table is empty, and kept.
 *
 * $1 namespace, $2 milliseconds to wait for locks, $3 channel or null, $4 sender, then one text for each column.
 */
const write = `WITH
patience AS MATERIALIZED (SELECT set_config('lock_timeout', $2, true)),
put AS MATERIALIZED (
  SELECT p.*, duplicate.version AS duplicate_version, duplicate.digest AS duplicate_digest,
    duplicate.version IS NULL AND seen.version IS NOT DISTINCT FROM p.expected_version
      AND seen.incarnation IS NOT DISTINCT FROM p.expected_incarnation AS hopeful
  FROM patience CROSS JOIN unnest(${batch}) WITH ORDINALITY AS p (${names(putColumns)}, place)
  LEFT JOIN LATERAL (SELECT incarnation, version FROM usermeta_records r
    WHERE r.namespace = $1 AND r.user_id = p.user_id LIMIT 1) AS seen ON true
  LEFT JOIN LATERAL (
    SELECT version, digest FROM usermeta_changes c
    WHERE p.digest <> '' AND c.namespace = $1 AND c.user_id = p.user_id AND c.id = p.id AND c.digest <> ''
    UNION ALL
    SELECT version, digest FROM usermeta_changes c
    WHERE seen.version >= p.version AND c.namespace = $1 AND c.user_id = p.user_id AND c.version = p.version AND c.id = p.id
    LIMIT 1) AS duplicate ON true
),
locked AS MATERIALIZED (
  SELECT p.user_id FROM put p CROSS JOIN LATERAL (SELECT FROM usermeta_records r
    WHERE r.namespace = $1 AND r.user_id = p.user_id
      AND r.incarnation = p.expected_incarnation AND r.version = p.expected_version FOR NO KEY UPDATE) AS r
  WHERE p.hopeful
),
written AS (
  INSERT INTO usermeta_records AS r (namespace, ${columns}) SELECT $1, ${columns} FROM put
  WHERE hopeful AND (SELECT count(*) FROM locked) >= 0
    AND (expected_version IS NULL OR user_id IN (SELECT user_id FROM locked))
  ON CONFLICT (namespace, user_id) DO UPDATE SET (${names(changing)}) = ROW (${changing.map(([name]) => `excluded.${name}`).join(", ")})
    WHERE r.incarnation = excluded.incarnation AND r.version = excluded.version - 1
  RETURNING user_id
),
logged AS (
  INSERT INTO usermeta_changes (namespace, user_id, version, id, at, digest, json)
  SELECT $1, user_id, version, id, at, digest, CASE WHEN entries > 0 AND at >= since THEN json END
  FROM written JOIN put USING (user_id)
),
kept AS MATERIALIZED (
  SELECT p.user_id, p.version, coalesce(oldest.version, p.version) AS oldest
  FROM written JOIN put p USING (user_id) LEFT JOIN LATERAL (SELECT version FROM usermeta_changes c
    WHERE c.namespace = $1 AND c.user_id = p.user_id AND c.json IS NOT NULL
      AND c.version > p.version - p.entries AND c.at >= p.since ORDER BY c.version LIMIT 1) AS oldest ON true
  WHERE (p.version > p.entries OR p.created_at < p.since) AND coalesce(oldest.version, p.version) > 1
),
emptied AS (
  UPDATE usermeta_changes c SET json = NULL FROM kept WHERE c.namespace = $1 AND c.user_id = kept.user_id
    AND c.json IS NOT NULL AND c.version < kept.oldest AND c.version > kept.version - ${remembered}
),
forgotten AS (
  DELETE FROM usermeta_changes c USING kept WHERE c.namespace = $1 AND c.user_id = kept.user_id
    AND c.version < kept.oldest AND c.version <= kept.version - ${remembered}
)
SELECT put.place, put.duplicate_version, put.duplicate_digest, put.hopeful, written.user_id IS NOT NULL AS written,
  CASE WHEN written.user_id IS NOT NULL AND $3::text IS NOT NULL THEN pg_notify($3, $4 || put.user_id)::text END AS notified
FROM put LEFT JOIN written USING (user_id)`;

/** Every statement but searches and {@link eraseText}. */
export const statements: Readonly<
  Record<"read" | "readMany" | "write" | "duplicates" | "history" | "schema", Statement>
> = {
  read: statement(`SELECT ${columns} FROM usermeta_records WHERE namespace = $1 AND user_id = $2`),
  readMany: statement(`SELECT ${columns} FROM usermeta_records WHERE namespace = $1 AND user_id = ANY ($2::text[])`),
  write: statement(write, true),
  duplicates:
    statement(`WITH d AS (SELECT * FROM unnest($2::text[], $3::text[], $4::bigint[]) AS d (user_id, id, version))
    SELECT c.user_id, c.version, c.digest FROM d JOIN usermeta_changes c
      ON c.namespace = $1 AND c.user_id = d.user_id AND c.id = d.id AND c.digest <> ''
    UNION
    SELECT c.user_id, c.version, c.digest FROM d JOIN usermeta_changes c
      ON c.namespace = $1 AND c.user_id = d.user_id AND c.id = d.id AND c.version = d.version`),
  history: statement(`SELECT id, version, at, digest, json FROM usermeta_changes
    WHERE namespace = $1 AND user_id = $2 AND json IS NOT NULL AND version < $3 ORDER BY version DESC LIMIT $4`),
  schema: statement("SELECT version, compatible_from FROM usermeta_schema"),
};

/**
 * Removes a record and then its changes: two statements, so that the second sees the changes of writes that the first had
 * to wait for, and one message, which PostgreSQL runs as one transaction. Such a message takes no values, so texts are
 * spelt in hexadecimal.
 */
export function eraseText(
  namespace: string,
  userId: string,
  patience: string,
  notice?: readonly [string, string],
): string {
  const text = (value: string): string =>
    `convert_from(decode('${Buffer.from(value).toString("hex")}', 'hex'), 'UTF8')`;
  const key = `namespace = ${text(namespace)} AND user_id = ${text(userId)}`;
  return `SELECT set_config('lock_timeout', ${text(patience)}, true);
    DELETE FROM usermeta_records WHERE ${key};
    DELETE FROM usermeta_changes WHERE ${key} AND NOT EXISTS (SELECT FROM usermeta_records WHERE ${key});
    ${notice ? `SELECT pg_notify(${notice.map(text).join(", ")});` : ""}`;
}
