import { mysqlStore } from "@usermeta/mysql";
import { testStore } from "@usermeta/testkit";
import mysql2 from "mysql2/promise";
import { afterAll, describe, it } from "vitest";
import { mysql } from "../../../test/servers.ts";

const maria = await mysql();
afterAll(() => maria?.stop());

describe.skipIf(maria === undefined)("MariaDB", () =>
  testStore(
    "MariaDB",
    async (options) => {
      const store = mysqlStore(maria?.url ?? "", { ...options, timeout: 20_000 });
      await store.migrate();
      return store;
    },
    { namespaces: true },
  ),
);
it("probe", async () => {
  const pool = mysql2.createPool(maria!.url);
  const store = mysqlStore(pool, { namespace: "x" });
  console.log(await pool.query("ALTER TABLE usermeta_records ADD COLUMN w VARBINARY(256) GENERATED ALWAYS AS (CAST(JSON_UNQUOTE(JSON_EXTRACT(public_json, '$.zz')) AS BINARY)) VIRTUAL, ALGORITHM=INSTANT").then(() => "instant ok", (e) => e.message));
  console.log(await pool.query("ALTER TABLE usermeta_records ADD INDEX w (namespace, w, user_id), ALGORITHM=INPLACE, LOCK=NONE").then(() => "inplace none ok", (e) => e.message));
  console.log(await pool.query("ALTER TABLE usermeta_records ADD INDEX w2 (namespace, w, user_id), ALGORITHM=INPLACE, LOCK=SHARED").then(() => "inplace shared ok", (e) => e.message));
  for (const d of [29, 30, 31, 32, 33]) { const [r] = await pool.query(`SELECT JSON_EXTRACT('{"a":5,"b":${"[".repeat(d - 1)}${"]".repeat(d - 1)}}', '$.a') v, JSON_EXTRACT('{"b":${"[".repeat(d - 1)}${"]".repeat(d - 1)},"a":5}', '$.a') w`); console.log(d, (r as any)[0]); }
  await pool.end();
});
