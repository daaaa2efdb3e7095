import { invalidConfig, type Place, termPath, toIndexes } from "@usermeta/core";
import { insistently, type SqliteDatabase, transactions } from "./database.ts";
import { indexed, indexName } from "./search.ts";

/** Each step brings the schema one version further. Add steps; never change one that was released. */
export const steps: readonly string[] = [
  `CREATE TABLE usermeta_records (
    namespace TEXT NOT NULL,
    user_id TEXT NOT NULL,
    incarnation TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    public_json TEXT NOT NULL,
    public_version INTEGER NOT NULL,
    public_updated_at INTEGER NOT NULL,
    private_json TEXT NOT NULL,
    private_version INTEGER NOT NULL,
    private_updated_at INTEGER NOT NULL,
    unsafe_json TEXT NOT NULL,
    unsafe_version INTEGER NOT NULL,
    unsafe_updated_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, user_id)
  );
  CREATE TABLE usermeta_changes (
    namespace TEXT NOT NULL,
    user_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    digest TEXT NOT NULL,
    json TEXT,
    PRIMARY KEY (namespace, user_id, version),
    UNIQUE (namespace, user_id, id)
  );
  CREATE INDEX usermeta_history ON usermeta_changes (namespace, user_id, version) WHERE json IS NOT NULL;`,
  // Indexes of what is rare only, the ids that requests have and the entries without text: most changes have neither. SQLite
  // cannot drop a constraint, so the table is made anew. What schema 1 asks finds the same rows here.
  `CREATE TABLE usermeta_changes_2 (
    namespace TEXT NOT NULL,
    user_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    id TEXT NOT NULL,
    at INTEGER NOT NULL,
    digest TEXT NOT NULL,
    json TEXT,
    PRIMARY KEY (namespace, user_id, version)
  );
  INSERT INTO usermeta_changes_2 (namespace, user_id, version, id, at, digest, json)
    SELECT namespace, user_id, version, id, at, digest, json FROM usermeta_changes;
  DROP TABLE usermeta_changes;
  ALTER TABLE usermeta_changes_2 RENAME TO usermeta_changes;
  CREATE UNIQUE INDEX usermeta_requests ON usermeta_changes (namespace, user_id, id) WHERE digest <> '';
  CREATE INDEX usermeta_emptied ON usermeta_changes (namespace, user_id, version) WHERE json IS NULL;`,
];

/**
 * Brings a database to the newest schema and creates the declared indexes that it lacks; a no-op on a current one.
 * Safe when several processes open one file. Throws `invalid_config` for a newer schema.
 */
export function migrate(
  database: SqliteDatabase,
  name: string,
  indexes: readonly string[],
  all: readonly string[] = steps,
): void {
  const { encoding } = database.prepare("PRAGMA encoding").get() as { encoding: string };
  if (encoding !== "UTF-8") throw invalidConfig(`${name} is encoded in ${encoding}: use a database in UTF-8`);
  const inTransaction = transactions(database);
  insistently(() =>
    inTransaction(() => {
      database.exec("CREATE TABLE IF NOT EXISTS usermeta_schema (version INTEGER NOT NULL)");
      const row = database.prepare("SELECT version FROM usermeta_schema").get() as { version: number } | undefined;
      const version = Number(row?.version ?? 0);
      if (version > all.length)
        throw invalidConfig(
          `${name} has schema ${version} and this version knows ${all.length}: update @usermeta/sqlite`,
        );
      for (const step of all.slice(version)) database.exec(step);
      if (row === undefined) database.prepare("INSERT INTO usermeta_schema VALUES (?)").run(all.length);
      else if (version < all.length) database.prepare("UPDATE usermeta_schema SET version = ?").run(all.length);
      for (const place of toIndexes(indexes)) createIndex(database, place);
    }),
  );
}

function createIndex(database: SqliteDatabase, place: Place): void {
  database.exec(
    `CREATE INDEX IF NOT EXISTS ${indexName(termPath(place))} ON usermeta_records (namespace, ${indexed(place)}, user_id)`,
  );
}
