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
it("bench", async () => {
  const raw = m.createPool(server.url);
  const times = new Map<string, number>();
  const pool = { getConnection: async () => { const c = await raw.getConnection(); return { release: () => c.release(), destroy: () => c.destroy(), query: async (o: any) => { const t = performance.now(); try { return await c.query(o) as any; } finally { const k = o.sql.slice(0, 12); times.set(k, (times.get(k) ?? 0) + performance.now() - t); } } }; } };
  const store = mysqlStore(pool, { timeout: 20000 });
  await store.migrate();
  for (const entries of [1000, 3, 0]) for (const size of [100, 1]) {
    let puts = Array.from({ length: size }, (_, i) => putOf(`b${entries}-${size}-${i}`, undefined, { entries, since: 0 }));
    await store.write(puts);
    for (let i = 0; i < 300; i++) { puts = puts.map((p) => putOf(p.next.userId, p.next, { entries, since: 0 })); const r = await store.write(puts); if (r.some((x) => x !== "written")) throw r; }
    times.clear();
    const t = performance.now(), n = 30;
    for (let i = 0; i < n; i++) { puts = puts.map((p) => putOf(p.next.userId, p.next, { entries, since: 0 })); await store.write(puts); }
    console.log(entries, size, ((performance.now() - t) / n).toFixed(1), "ms/batch", [...times].map(([k, v]) => k + ":" + (v / n).toFixed(1)).join(" "));
  }
  const st0 = store; const { outcomes, toOutcomeValues } = await import("../src/query.ts");
  const c = await raw.getConnection();
  for (const entries of [1000, 3, 0]) {
    const now = await st0.read(Array.from({ length: 100 }, (_, i) => `b${entries}-100-${i}`));
    const ps = now.map((r) => putOf(r!.userId, r!, { entries, since: 0 }));
    const f = m.format(outcomes(100), toOutcomeValues(Buffer.from(""), ps) as any);
    for (let k = 0; k < 3; k++) {
    const h = async () => Object.fromEntries(((await c.query("SHOW SESSION STATUS LIKE 'Handler_read%'"))[0] as any[]).map((r) => [r.Variable_name, Number(r.Value)])); const b4 = await h(); const t = performance.now(); await c.query(f); const ms = performance.now() - t;
    const af = await h(); const sts = Object.keys(af).map((k) => ({ Variable_name: k, Value: af[k] - b4[k] })).filter((r) => r.Value);
    console.log("SEL", entries, ms.toFixed(1), (sts as any[]).map((r) => r.Variable_name.slice(13) + "=" + r.Value).join(" ")); }
    if (entries === 3) { const [r] = await c.query("EXPLAIN " + m.format(outcomes(1), toOutcomeValues(Buffer.from(""), ps.slice(0,1)) as any)); for (const x of r as any[]) console.log("EX", x.select_type, x.table, x.type, x.key, x.key_len, x.ref, x.rows, x.Extra); }
  }
  c.release();
  await raw.end();
}, 300000);
