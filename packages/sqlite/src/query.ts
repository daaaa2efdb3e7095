import {
  type PutResult,
  type Scope,
  type StoredChange,
  type StoredRecord,
  type StoredScope,
  scopes,
} from "@usermeta/core";
import type { SqliteDatabase, SqliteStatement } from "./database.ts";

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

export const toDuplicate = ({ version, digest }: ChangeRow): PutResult => ({
  duplicate: { version: Number(version), digest },
});

type Statements<T> = Readonly<
  Record<
    | "read"
    | "readMany"
    | "duplicate"
    | "repeated"
    | "insert"
    | "update"
    | "append"
    | "oldest"
    | "oldestKept"
    | "empty"
    | "forget",
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
  duplicate: `SELECT version, digest FROM usermeta_changes WHERE ${ofUser} AND id = ? AND digest <> ''`,
  repeated: `SELECT version, digest FROM usermeta_changes WHERE ${ofUser} AND version = ? AND id = ?`,
  insert: `INSERT INTO usermeta_records (${columns.join(", ")}, namespace, user_id) VALUES (${marks}, ?, ?)
    ON CONFLICT DO NOTHING`,
  update: `UPDATE usermeta_records SET (${columns.join(", ")}) = (${marks})
    WHERE ${ofUser} AND incarnation = ? AND version = ?`,
  append:
    "INSERT INTO usermeta_changes (namespace, user_id, id, version, at, digest, json) VALUES (?, ?, ?, ?, ?, ?, ?)",
  oldest: `SELECT version, at FROM usermeta_changes WHERE ${ofUser} AND json IS NOT NULL AND version >
      (SELECT coalesce(max(version), 0) FROM usermeta_changes WHERE ${ofUser} AND json IS NULL) ORDER BY version LIMIT 1`,
  oldestKept: `SELECT version FROM usermeta_changes WHERE ${ofUser} AND json IS NOT NULL AND version > ? AND at >= ?
    ORDER BY version LIMIT 1`,
  empty: `UPDATE usermeta_changes SET json = NULL WHERE ${ofUser} AND version >= ? AND version < ?`,
  forget: `DELETE FROM usermeta_changes WHERE ${ofUser} AND version <= ?`,
  eraseChanges: `DELETE FROM usermeta_changes WHERE ${ofUser}`,
  eraseRecord: `DELETE FROM usermeta_records WHERE ${ofUser}`,
  history: `SELECT * FROM usermeta_changes WHERE ${ofUser} AND json IS NOT NULL AND version < ?
    ORDER BY version DESC LIMIT ?`,
  dataVersion: "PRAGMA data_version",
  ping: "SELECT version FROM usermeta_schema",
};
