import { invalidConfig, UserMetaError } from "@usermeta/core";
import type { Query } from "./connection.ts";
import { indexed, indexName, pathOf } from "./search.ts";

/**
 * Each step brings the schema one version further. Add steps; never change one that was released. MySQL commits every
 * statement by itself, so each must bear being run again.
 */
const steps: readonly (readonly string[])[] = [
  [
    `CREATE TABLE IF NOT EXISTS usermeta_records (
  namespace VARBINARY(64) NOT NULL,
  user_id VARBINARY(255) NOT NULL,
  incarnation VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  public_json MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  public_version BIGINT NOT NULL,
  public_updated_at BIGINT NOT NULL,
  private_json MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  private_version BIGINT NOT NULL,
  private_updated_at BIGINT NOT NULL,
  unsafe_json MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  unsafe_version BIGINT NOT NULL,
  unsafe_updated_at BIGINT NOT NULL,
  change_id VARBINARY(64) NOT NULL,
  expected VARBINARY(64) NOT NULL,
  PRIMARY KEY (namespace, user_id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`,
    `CREATE TABLE IF NOT EXISTS usermeta_changes (
  namespace VARBINARY(64) NOT NULL,
  user_id VARBINARY(255) NOT NULL,
  version BIGINT NOT NULL,
  id VARBINARY(64) NOT NULL,
  at BIGINT NOT NULL,
  digest VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  json MEDIUMTEXT CHARACTER SET ascii COLLATE ascii_bin,
  trimmed TINYINT NOT NULL,
  PRIMARY KEY (namespace, user_id, version),
  KEY usermeta_change_log (namespace, user_id, trimmed, version),
  UNIQUE KEY usermeta_change_ids (namespace, user_id, id)
) ENGINE=InnoDB ROW_FORMAT=DYNAMIC`,
  ],
];

/** The oldest schema whose code can still use the newest: older versions keep running while a step only adds. */
const compatibleFrom = 1;

/** One process at a time per database: such names are the server's, and have 64 characters at most. */
const lock = "SELECT GET_LOCK(CONCAT('usermeta.', MD5(DATABASE())), 3600) AS taken";
/** Everybody would queue up behind an ALTER TABLE that waits for a long transaction. */
const impatience = "SET SESSION lock_wait_timeout = 10";

const selectVersion = "SELECT version, compatible_from FROM usermeta_schema";
const selectTables = `SELECT table_name AS name FROM information_schema.tables
  WHERE table_schema = DATABASE() AND table_name = 'usermeta_schema'`;
const selectColumns = `SELECT column_name AS name FROM information_schema.columns
  WHERE table_schema = DATABASE() AND table_name = 'usermeta_records'`;
const selectIndexes = `SELECT DISTINCT index_name AS name FROM information_schema.statistics
  WHERE table_schema = DATABASE() AND table_name = 'usermeta_records'`;

/** Throws `invalid_config` unless this code can use the schema. */
export async function checkSchema(query: Query): Promise<void> {
  const [{ version = 0, compatible_from: from = 0 } = {}] = await query<Partial<VersionRow>>(selectVersion);
  if (version < steps.length)
    throw invalidConfig(`the database has usermeta's schema ${version} of ${steps.length}: run migrate() of the store`);
  refuseIncompatible(version, from, steps.length);
}

/**
 * Brings the schema to the newest version and creates the declared indexes that it lacks, one process at a time, on a
 * connection that nobody uses afterwards. Gives the statements it ran; with `dryRun`, those it would run.
 * Throws `invalid_config` for a schema that a newer version made.
 */
export async function migrate(
  query: Query,
  indexes: readonly string[],
  dryRun: boolean,
  all: readonly (readonly string[])[] = steps,
): Promise<readonly string[]> {
  if (dryRun) return missingStatements(query, indexes, all);
  await query(impatience);
  const [row] = await query<{ readonly taken: number | null }>(lock);
  if (row?.taken !== 1) throw new UserMetaError("store_unavailable", "another process has been migrating for an hour");
  const statements = await missingStatements(query, indexes, all);
  for (const statement of statements) await query(statement);
  return statements;
}

async function missingStatements(
  query: Query,
  indexes: readonly string[],
  all: readonly (readonly string[])[],
): Promise<readonly string[]> {
  const hasTable = (await query(selectTables)).length > 0;
  const [row] = hasTable ? await query<VersionRow>(selectVersion) : [];
  const version = row?.version ?? 0;
  refuseIncompatible(version, row?.compatible_from ?? 0, all.length);
  const columns = await names(query, selectColumns);
  const keys = await names(query, selectIndexes);
  return [
    ...(hasTable ? [] : [createSchemaTable]),
    ...(row ? [] : ["INSERT INTO usermeta_schema (version, compatible_from) VALUES (0, 0)"]),
    ...all.flatMap((step, i) => (i < version ? [] : [...step, setVersion(i + 1)])),
    ...[...new Set(indexes)].flatMap((index) => indexStatements(index, columns, keys)),
  ];
}

const createSchemaTable = `CREATE TABLE IF NOT EXISTS usermeta_schema (
  version INT NOT NULL PRIMARY KEY,
  compatible_from INT NOT NULL
) ENGINE=InnoDB`;
const setVersion = (version: number): string =>
  `UPDATE usermeta_schema SET version = ${version}, compatible_from = ${Math.min(compatibleFrom, version)}`;

/** Two statements, because MariaDB cannot add a virtual column and its index at once without copying the table. */
function indexStatements(index: string, columns: ReadonlySet<string>, keys: ReadonlySet<string>): string[] {
  const name = indexName(index);
  const { key, number } = indexed(pathOf(index));
  const statements: string[] = [];
  if (!columns.has(name))
    statements.push(`ALTER TABLE usermeta_records ADD COLUMN ${name} VARBINARY(256) GENERATED ALWAYS AS (${key}) VIRTUAL,
  ADD COLUMN ${name}_number DOUBLE GENERATED ALWAYS AS (${number}) VIRTUAL`);
  if (!keys.has(name))
    statements.push(`ALTER TABLE usermeta_records ADD INDEX ${name} (namespace, ${name}, ${name}_number, user_id)`);
  return statements;
}

interface VersionRow {
  readonly version: number;
  readonly compatible_from: number;
}

async function names(query: Query, sql: string): Promise<ReadonlySet<string>> {
  return new Set((await query<{ readonly name: string }>(sql)).map(({ name }) => name));
}

function refuseIncompatible(version: number, from: number, known: number): void {
  if (from > known)
    throw invalidConfig(
      `the database has usermeta's schema ${version}, which this version cannot use: update @usermeta/mysql`,
    );
}
