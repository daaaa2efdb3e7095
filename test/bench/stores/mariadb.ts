import mysql from "mysql2/promise";
import { openStore } from "usermeta";
import { mysql as startServer } from "../../servers.ts";
import { type Database, merged, type Rival } from "./database.ts";

type Rows = (mysql.RowDataPacket & { readonly json: string; readonly version: string })[];

/** MariaDB by mysql2. */
export const mariadb: Database = {
  name: "MariaDB",
  start: async () => {
    const server = await startServer();
    if (server === undefined) return "no mariadbd on this machine";
    const pool = mysql.createPool({ uri: server.url, connectionLimit: 10 });
    const [rows] = await pool.query<Rows>("SELECT version() AS version");
    const store = await openStore(server.url);
    return {
      label: `MariaDB ${rows[0]?.version.split("-")[0]} by mysql2`,
      store,
      rival: await rivalIn(pool),
      stop: async () => {
        await Promise.all([store.close(), pool.end()]);
        await server.stop();
      },
    };
  },
};

async function rivalIn(pool: mysql.Pool): Promise<Rival> {
  await pool.query("CREATE TABLE rival (user_id VARBINARY(255) PRIMARY KEY, json MEDIUMTEXT NOT NULL)");
  const select = "SELECT json FROM rival WHERE user_id = ?";
  return {
    reading: "`SELECT` by key, prepared, pool of 10",
    writing: "`UPDATE` by key, prepared, pool of 10",
    fill: async (rows) => {
      for (let i = 0; i < rows.length; i += 1_000)
        await pool.query("INSERT INTO rival VALUES ?", [rows.slice(i, i + 1_000)]);
    },
    read: async (userId) => {
      const [rows] = await pool.execute<Rows>(select, [userId]);
      return rows[0]?.json ?? "";
    },
    write: (userId, json) => pool.execute("UPDATE rival SET json = ? WHERE user_id = ?", [json, userId]),
    merge: async (userId, changes) => {
      const connection = await pool.getConnection();
      try {
        await connection.query("BEGIN");
        const [rows] = await connection.execute<Rows>(`${select} FOR UPDATE`, [userId]);
        const json = merged(rows[0]?.json ?? "{}", changes);
        const upsert = "INSERT INTO rival VALUES (?, ?) ON DUPLICATE KEY UPDATE json = VALUES(json)";
        await connection.execute(upsert, [userId, json]);
        await connection.query("COMMIT");
      } finally {
        connection.release();
      }
    },
  };
}
