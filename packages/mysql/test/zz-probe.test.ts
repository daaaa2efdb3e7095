import { randomBytes } from "node:crypto";
import type { Put, StoredRecord } from "@usermeta/core";
import { afterAll, it } from "vitest";
import m from "mysql2/promise";
import { mysql } from "./zz-servers.ts";
import { mysqlStore } from "../src/index.ts";
const server = (await mysql())!;
afterAll(() => server.stop());
function putOf(userId: string, latest?: StoredRecord, ret = { entries: 1000, since: 0 }): Put {
  const version = (latest?.version ?? 0) + 1;
  const w = { json: '{"plan":"pro"}', version, updatedAt: 1 }, u = { json: "{}", version: 0, updatedAt: 0 };
  return { next: { userId, incarnation: latest?.incarnation ?? randomBytes(8).toString("hex"), version, createdAt: 1, public: w, private: u, unsafe: u }, expected: latest, change: { id: randomBytes(8).toString("hex"), version, at: 5, digest: "d", json: '{"a":"' + "x".repeat(200) + '"}' }, retention: ret };
}
it("stress", async () => {
  const stores = [mysqlStore(server.url, { indexes: ["public.plan"] }), mysqlStore(server.url, { indexes: ["public.plan"] })];
  await stores[0]!.migrate();
  const pool = m.createPool(server.url);
  const status = async () => Object.fromEntries(((await pool.query("show global status where variable_name in ('Innodb_deadlocks','Innodb_row_lock_waits','Innodb_row_lock_time')"))[0] as any[]).map((r) => [r.Variable_name, r.Value]));
  console.log(await status());
  // overlapping first writes in random order, shuffled
  for (let round = 0; round < 20; round++) {
    const ids = Array.from({ length: 100 }, (_, i) => `r${round}-u${String(i).padStart(3, "0")}`);
    const results = await Promise.all(Array.from({ length: 8 }, (_, k) => stores[k % 2]!.write(ids.map((id) => putOf(id)))));
    for (let i = 0; i < 100; i++) if (results.filter((r) => r[i] === "written").length !== 1) console.log("BAD", round, i, results.map(r => r[i]));
  }
  console.log("overlapping first", await status());
  // interleaved distinct new users
  let t = performance.now();
  for (let round = 0; round < 20; round++)
    await Promise.all(Array.from({ length: 8 }, (_, k) => stores[k % 2]!.write(Array.from({ length: 100 }, (_, i) => putOf(`i${round}-${String(i).padStart(3, "0")}-${k}`)))));
  console.log("interleaved first", await status(), "puts/s", Math.round(16000 / (performance.now() - t) * 1000));
  // updates with deletes (entries small/large) interleaved
  for (const entries of [300, 3, 0, 1000]) {
    let latest = await Promise.all(Array.from({ length: 8 }, (_, k) => stores[k % 2]!.read(Array.from({ length: 100 }, (_, i) => `i0-${String(i).padStart(3, "0")}-${k}`))));
    t = performance.now(); let n = 0;
    for (let round = 0; round < 60; round++) {
      const puts = latest.map((rs) => rs.map((r) => putOf(r!.userId, r!, { entries, since: 0 })));
      const res = await Promise.all(puts.map((p, k) => stores[k % 2]!.write(p)));
      if (res.flat().some((r) => r !== "written")) console.log("BAD", new Set(res.flat()));
      n += res.flat().length;
      latest = puts.map((ps) => ps.map((p) => p.next));
    }
    console.log("updates entries", entries, await status(), "puts/s", Math.round(n / (performance.now() - t) * 1000));
  }
  for (const entries of [1000, 3, 0]) {
  let one: StoredRecord | undefined; t = performance.now();
  for (let i = 0; i < 400; i++) { const p = putOf("single"+entries, one, { entries, since: 0 }); await stores[0]!.write([p]); one = p.next; }
  console.log("single", entries, ((performance.now() - t) / 400).toFixed(2), "ms/put");
  }
  t = performance.now();
  for (let i = 0; i < 400; i++) await stores[0]!.read(["single3"]);
  console.log("single read", ((performance.now() - t) / 400).toFixed(2), "ms");
  // explains
  const { outcomes, toOutcomeValues, forget, read, erase } = await import("../src/query.ts");
  const ex = async (sql: string, v: any[]) => { const f = m.format(sql, v); const [r] = await pool.query("EXPLAIN " + f); console.table((r as any[]).map(({ id, select_type, table, type, key, key_len, rows, Extra }) => ({ id, select_type, table, type, key, key_len, rows, Extra }))); };
  const ps = Array.from({ length: 3 }, (_, i) => putOf(`i0-00${i}-0`));
  await ex(outcomes(3), toOutcomeValues(Buffer.from(""), ps) as any[]);
  await ex(forget(2), [Buffer.from(""), Buffer.from("a"), 1, 1, Buffer.from("b"), 1, 2]);
  await ex(erase, [Buffer.from(""), Buffer.from("a")]);
  for (const where of [[{scope:"public",path:["plan"],op:"in",values:["pro"]}],[{scope:"public",path:["plan"],op:"in",values:["pro",5]}],[{scope:"public",path:["plan"],op:"gt",value:"a"}],[{scope:"public",path:["plan"],op:"exists",value:false}],[{scope:"public",path:["plan"],op:"exists",value:true}],[{scope:"public",path:["plan"],op:"lt",value:5}],[]] as any[]) {
    const { listSql } = await import("../src/search.ts");
    const [a, b] = listSql(Buffer.from(""), { where, after: "b", limit: 10 });
    await ex(a, b as any[]);
  }
  await pool.end();
  for (const s of stores) await s.close();
}, 120000);
