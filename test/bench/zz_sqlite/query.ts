import { hash } from "node:crypto";
import {
  type ListQuery,
  type Place,
  type Scalar,
  type Scope,
  type StoredChange,
  type StoredRecord,
  type StoredScope,
  scopes,
  type Term,
  termPath,
} from "@usermeta/core";
import type { SqliteDatabase, SqliteStatement } from "./database.ts";

/**
 * What the index of a path holds, so that one column keeps the types apart: numbers and strings as they are, the name of
 * the type as a blob for `true`, `false`, `null`, objects and arrays, and NULL where there is nothing.
 * SQLite orders NULL < numbers < strings < blobs, and strings by their UTF-8 bytes.
 */
export function indexed({ scope, path }: Place): string {
  const place = `${scope}_json, ${literal(`$${path.map((key) => `.${JSON.stringify(key)}`).join("")}`)}`;
  return `CASE WHEN json_type(${place}) IN ('text', 'integer', 'real') THEN json_extract(${place})
    ELSE CAST(json_type(${place}) AS BLOB) END`;
}

/** The index of a declared path. Hashed, because SQLite takes `"public.plan"` and `"public.Plan"` for one name. */
export function indexName(path: string): string {
  return `usermeta_where_${hash("sha256", path).slice(0, 16)}`;
}

/** An SQL string literal; a path must be one for SQLite to recognise the indexed expression. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A statement and its values. */
export interface Sql {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** The page of records that a query asks for, found by the index of its most selective term. */
export function listSql(namespace: string, { where, after = "", limit }: ListQuery): Sql {
  // SQLite would rather walk the whole table in the order of user ids
  const driving = where.find(isEquality) ?? where.find(({ op }) => op === "in") ?? where[0];
  const conditions = where.map(condition);
  return {
    sql: `SELECT * FROM usermeta_records ${driving ? `INDEXED BY ${indexName(termPath(driving))}` : ""}
      WHERE ${["namespace = ?", "user_id > ?", ...conditions.map(({ sql }) => sql)].join(" AND ")}
      ORDER BY user_id LIMIT ?`,
    values: [namespace, after, ...conditions.flatMap(({ values }) => values), limit],
  };
}

const isEquality = (term: Term): boolean => term.op === "in" && term.values.length === 1;
const operators = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

function condition(term: Term): Sql {
  const value = indexed(term);
  // SQLite would not use the index for IS NOT NULL.
  if (term.op === "exists") return { sql: `${value} ${term.value ? ">= -9e999" : "IS NULL"}`, values: [] };
  if (term.op === "in") {
    const marks = term.values.map(mark);
    return {
      sql: marks.length === 1 ? `${value} = ${marks[0]}` : `${value} IN (${marks.join(", ")})`,
      values: term.values.map((scalar) => JSON.stringify(scalar)),
    };
  }
  // The other end of the range is where the type ends.
  const [from, to] = typeof term.value === "string" ? ["''", "x''"] : ["-9e999", "''"];
  const other = term.op.startsWith("g") ? `${value} < ${to}` : `${value} >= ${from}`;
  return {
    sql: `${value} ${operators[term.op]} ${mark(term.value)} AND ${other}`,
    values: [JSON.stringify(term.value)],
  };
}

/** Values go in as JSON text, so that SQLite reads them just as it reads the stored ones. */
const mark = (scalar: Scalar): string =>
  typeof scalar === "string" || typeof scalar === "number" ? "json_extract(?, '$')" : "CAST(? AS BLOB)";

type ScopeColumns = Readonly<Record<`${Scope}_json`, string> & Record<`${Scope}_${"version" | "updated_at"}`, number>>;
/** A row of `usermeta_records`. */
export interface RecordRow extends ScopeColumns {
  readonly user_id: string;
  readonly incarnation: string;
  readonly version: number;
  readonly created_at: number;
}
/** A row of `usermeta_changes`. */
export type ChangeRow = Pick<StoredChange, "id" | "digest" | "json" | "version" | "at">;

const columns = ["incarnation", "version", "created_at"].concat(
  scopes.flatMap((scope) => [`${scope}_json`, `${scope}_version`, `${scope}_updated_at`]),
);
const marks = columns.map(() => "?").join(", ");
const ofUser = "namespace = ? AND user_id = ?";

/** The values of {@link columns}. */
export function toRow(record: StoredRecord): (string | number)[] {
  const ofScopes = scopes.flatMap((scope) => [record[scope].json, record[scope].version, record[scope].updatedAt]);
  return [record.incarnation, record.version, record.createdAt, ...ofScopes];
}

/** Numbers are converted because an application's own database may be set to give them as bigints. */
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

type Statements<T> = Readonly<
  Record<
    "read" | "readMany" | "duplicate" | "insert" | "update" | "append" | "oldest" | "oldestKept" | "empty" | "forget",
    T
  > &
    Record<"eraseChanges" | "eraseRecord" | "history" | "dataVersion" | "ping", T>
>;

/** The statements that are prepared once. */
export function prepare(database: SqliteDatabase): Statements<SqliteStatement> {
  const entries = Object.entries(statements).map(([name, sql]) => [name, database.prepare(sql)]);
  return Object.fromEntries(entries) as Statements<SqliteStatement>;
}
const statements: Statements<string> = {
  read: `SELECT * FROM usermeta_records WHERE ${ofUser}`,
  readMany: "SELECT * FROM usermeta_records WHERE namespace = ? AND user_id IN (SELECT value FROM json_each(?))",
  duplicate: `SELECT version, digest FROM usermeta_changes WHERE ${ofUser} AND id = ?`,
  insert: `INSERT INTO usermeta_records (${columns.join(", ")}, namespace, user_id) VALUES (${marks}, ?, ?)
    ON CONFLICT DO NOTHING`,
  update: `UPDATE usermeta_records SET (${columns.join(", ")}) = (${marks})
    WHERE ${ofUser} AND incarnation = ? AND version = ?`,
  append:
    "INSERT INTO usermeta_changes (namespace, user_id, id, version, at, digest, json) VALUES (?, ?, ?, ?, ?, ?, ?)",
  oldest: `SELECT version, at FROM usermeta_changes WHERE ${ofUser} AND json IS NOT NULL ORDER BY version LIMIT 1`,
  oldestKept: `SELECT version FROM usermeta_changes WHERE ${ofUser} AND json IS NOT NULL AND version > ? AND at >= ?
    ORDER BY version LIMIT 1`,
  empty: `UPDATE usermeta_changes SET json = NULL WHERE ${ofUser} AND json IS NOT NULL AND version < ?`,
  forget: `DELETE FROM usermeta_changes WHERE ${ofUser} AND version <= ?`,
  eraseChanges: `DELETE FROM usermeta_changes WHERE ${ofUser}`,
  eraseRecord: `DELETE FROM usermeta_records WHERE ${ofUser}`,
  history: `SELECT * FROM usermeta_changes WHERE ${ofUser} AND json IS NOT NULL AND version < ?
    ORDER BY version DESC LIMIT ?`,
  dataVersion: "PRAGMA data_version",
  ping: "SELECT version FROM usermeta_schema",
};
