import { setTimeout as pause } from "node:timers/promises";
import { invalidConfig } from "@usermeta/core";
import { checkOut, type PostgresClient, type PostgresPool } from "./database.ts";
import { indexColumns, indexName, pathOf } from "./search.ts";

/** Each step brings the schema one version further. Add steps; never change one that was released. */
const steps: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS usermeta_schema (
    version integer NOT NULL,
    compatible_from integer NOT NULL
  );
  CREATE TABLE IF NOT EXISTS usermeta_records (
    namespace text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    incarnation text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    public_json text NOT NULL,
    public_version bigint NOT NULL,
    public_updated_at bigint NOT NULL,
    private_json text NOT NULL,
    private_version bigint NOT NULL,
    private_updated_at bigint NOT NULL,
    unsafe_json text NOT NULL,
    unsafe_version bigint NOT NULL,
    unsafe_updated_at bigint NOT NULL,
    PRIMARY KEY (namespace, user_id)
  );
  CREATE TABLE IF NOT EXISTS usermeta_changes (
    namespace text COLLATE "C" NOT NULL,
    user_id text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    id text COLLATE "C" NOT NULL,
    at bigint NOT NULL,
    digest text NOT NULL,
    json text,
    PRIMARY KEY (namespace, user_id, version)
  );
  CREATE UNIQUE INDEX IF NOT EXISTS usermeta_requests ON usermeta_changes (namespace, user_id, id) WHERE digest <> '';`,
];

/** The oldest schema whose code can still use the newest: older versions keep running while a step only adds. */
const compatibleFrom = 1;

/** Throws `invalid_config` unless this code can use the schema. */
export function checkSchema(rows: readonly SchemaRow[], known: number = steps.length): void {
  const { version = 0, compatible_from: from = 0 } = rows[0] ?? {};
  if (version < known)
    throw invalidConfig(`the database has usermeta's schema ${version} of ${known}: run migrate() of the store`);
  if (from > known)
    throw invalidConfig(
      `the database has usermeta's schema ${version}, which this version cannot use: update @usermeta/postgres`,
    );
}
/** The row of `usermeta_schema`. */
export interface SchemaRow {
  readonly version: number;
  readonly compatible_from: number;
}

/** What distinguishes our advisory lock from those of others: "usermeta" in ASCII. */
const lock = "8463510610424886369";

/**
 * Brings the database to the newest schema and creates the declared indexes that it lacks, one process at a time.
 * Returns the statements that it ran, or that it would run (`dryRun`). Throws `invalid_config` for a newer schema.
 */
export async function migrate(
  pool: PostgresPool,
  timeout: number,
  indexes: readonly string[],
  dryRun: boolean,
  all: readonly string[] = steps,
): Promise<readonly string[]> {
  const client = await checkOut(pool, timeout);
  const ignore = (): void => {};
  client.on("error", ignore);
  try {
    if (dryRun) return await pending(client, indexes, all);
    // An index of a large table takes as long as it takes.
    await client.query({ text: "SET statement_timeout = 0; SET lock_timeout = 0" });
    await takeLock(client);
    const statements = await pending(client, indexes, all);
    for (const text of statements) await client.query({ text });
    return statements;
  } finally {
    client.release(true); // the lock and the settings go with the session
    client.removeListener("error", ignore);
  }
}

/** Asks again and again: a session that waited for the lock would be in the way of CREATE INDEX CONCURRENTLY. */
async function takeLock(client: PostgresClient): Promise<void> {
  for (;;) {
    const { rows } = await client.query({ text: `SELECT pg_try_advisory_lock(${lock}) AS taken` });
    if ((rows as { taken: boolean }[])[0]?.taken) return;
    await pause(50 + Math.random() * 100);
  }
}

async function pending(
  client: PostgresClient,
  indexes: readonly string[],
  all: readonly string[],
): Promise<readonly string[]> {
  const ask = async <Row>(text: string, ...values: unknown[]): Promise<Row | undefined> =>
    (await client.query({ text, values })).rows[0] as Row | undefined;
  const encoding = await ask<{ server_encoding: string }>("SHOW server_encoding");
  if (encoding?.server_encoding !== "UTF8")
    throw invalidConfig(`the database is encoded in ${encoding?.server_encoding}: use a database in UTF8`);
  const { exists } =
    (await ask<{ exists: boolean }>("SELECT to_regclass('usermeta_schema') IS NOT NULL AS exists")) ?? {};
  const schema = exists ? await ask<SchemaRow>("SELECT version, compatible_from FROM usermeta_schema") : undefined;
  if (schema) checkSchema([{ ...schema, version: Math.max(schema.version, all.length) }], all.length);
  const missing: string[] = [];
  for (const index of new Set(indexes)) missing.push(...(await missingIndex(index, ask)));
  return [
    ...all.map(versioned).slice(schema?.version ?? 0),
    ...missing,
    // PostgreSQL knows nothing of what an expression yields before it is told to look.
    ...(missing.length > 0 ? ["ANALYZE usermeta_records"] : []),
  ];
}

const versioned = (step: string, i: number): string => `BEGIN;
  ${step}
  DELETE FROM usermeta_schema;
  INSERT INTO usermeta_schema (version, compatible_from) VALUES (${i + 1}, ${Math.min(compatibleFrom, i + 1)});
COMMIT`;

/** Without blocking writes. One whose creation was interrupted is there and not valid; it is made again. */
async function missingIndex(
  index: string,
  ask: (text: string, name: string) => Promise<{ valid: boolean } | undefined>,
): Promise<string[]> {
  const name = indexName(index);
  const found = await ask("SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass($1)", name);
  if (found?.valid) return [];
  const create = `CREATE INDEX CONCURRENTLY ${name} ON usermeta_records (${indexColumns(pathOf(index))})`;
  return found ? [`DROP INDEX CONCURRENTLY ${name}`, create] : [create];
}
