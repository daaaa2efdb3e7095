import { postgresStore } from "@usermeta/postgres";
import pg from "pg";
import { openStore } from "usermeta";
import { postgres } from "../../servers.ts";
import { type Database, merged, type Rival, type Row } from "./database.ts";

const database = (name: string, open: typeof openStore): Database => ({
  name,
  start: async () => {
    const server = await postgres();
    if (server === undefined) return "no PostgreSQL for this platform";
    const pool = new pg.Pool({ connectionString: server.url, max: 10 });
    pool.on("error", () => {}); // the server may stop before it has read every goodbye
    const { rows } = await pool.query<{ server_version: string }>("SHOW server_version");
    const store = await open(server.url);
    return {
      label: `${name.replace("PostgreSQL", `PostgreSQL ${rows[0]?.server_version} by pg`)}`,
      store,
      rival: await rivalIn(pool),
      stop: async () => {
        await Promise.all([store.close(), pool.end()]);
        await server.stop();
      },
    };
  },
});

async function rivalIn(pool: pg.Pool): Promise<Rival> {
  await pool.query("CREATE TABLE rival (user_id text PRIMARY KEY, json text NOT NULL)");
  const select = "SELECT json FROM rival WHERE user_id = $1";
  const upsert = "INSERT INTO rival VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET json = excluded.json";
  return {
    reading: "`SELECT` by key, prepared, pool of 10",
    writing: "`UPDATE` by key, prepared, pool of 10",
    fill: async (rows) => {
      const column = (i: 0 | 1): string[] => rows.map((row: Row) => row[i]);
      await pool.query("INSERT INTO rival SELECT * FROM unnest($1::text[], $2::text[])", [column(0), column(1)]);
      await pool.query("VACUUM ANALYZE"); // usermeta's tables too, which are filled by now
    },
    read: async (userId) => {
      const { rows } = await pool.query<{ json: string }>({ name: "read", text: select, values: [userId] });
      return rows[0]?.json ?? "";
    },
    write: (userId, json) =>
      pool.query({ name: "write", text: "UPDATE rival SET json = $2 WHERE user_id = $1", values: [userId, json] }),
    merge: async (userId, changes) => {
      const client = await pool.connect();
      try {
        await client.query("BEGIN");
        const found = { name: "lock", text: `${select} FOR UPDATE`, values: [userId] };
        const { rows } = await client.query<{ json: string }>(found);
        const json = merged(rows[0]?.json ?? "{}", changes);
        await client.query({ name: "upsert", text: upsert, values: [userId, json] });
        await client.query("COMMIT");
      } finally {
        client.release();
      }
    },
  };
}

/** PostgreSQL with the store's defaults, and as it is behind a pooler that cannot prepare statements. */
export const postgresDatabases: readonly Database[] = [
  database("PostgreSQL", openStore),
  database("PostgreSQL, prepare: false", async (url) => {
    const store = postgresStore(url, { prepare: false });
    await store.migrate();
    return store;
  }),
];
