import { postgresStore } from "@usermeta/postgres";
import { randomUUID } from "node:crypto";
import pg from "pg";
const url = process.env["PG_URL"] as string;
const c = new pg.Client(url); await c.connect();
const indexes = ["public.plan", "private.credits"];
await postgresStore(url, { indexes }).migrate();
const unwritten = { json: "{}", version: 0, updatedAt: 0 };
for (const [namespace, total] of [["small", 1000], ["big", 1_000_000]] as const) {
  const n = (await c.query("select count(*)::int n from usermeta_records where namespace=$1", [namespace])).rows[0].n;
  const t0 = performance.now();
  if (n < total) await c.query(`insert into usermeta_records select $1, 'user' || lpad(i::text, 8, '0'), '0123456789abcdef', 1, 1, '{"plan":"' || (case when i % 100000 = 77 then 'rare' when i % 2 = 0 then 'pro' else 'free' end) || '","a":"' || repeat('x', 300) || '"}', 1, 1, '{"credits":' || i || '}', 1, 1, '{}', 0, 0 from generate_series(1, $2::int) i on conflict do nothing`, [namespace, total]);
  console.log("load", Math.round(performance.now() - t0));
}
await c.query("vacuum analyze usermeta_records"); await c.query("checkpoint");
const p50 = (x: number[]) => x.sort((a, b) => a - b)[x.length >> 1]!.toFixed(2);
for (const [namespace, total] of [["small", 1000], ["big", 1_000_000], ["small", 1000], ["big", 1_000_000]] as const) {
  const store = postgresStore(url, { namespace, indexes });
  const time = async (f: () => Promise<unknown>) => { const t = performance.now(); await f(); return performance.now() - t; };
  const id = () => "user" + String(1 + Math.floor(Math.random() * total)).padStart(8, "0");
  const reads: number[] = [], writes: number[] = [];
  for (let i = 0; i < 1500; i++) reads.push(await time(() => store.read([id()])));
  for (let i = 0; i < 700; i++) {
    const userId = id(); const [l] = await store.read([userId]); const version = l!.version + 1;
    const next = { ...l!, version, public: { json: JSON.stringify({ plan: "pro", a: "x".repeat(300), version }), version, updatedAt: 1 } };
    writes.push(await time(() => store.write([{ next, expected: l!, change: { id: randomUUID(), version, at: 1700000000000, digest: "", json: "{}" }, retention: { entries: 1000, since: 0 } }])));
  }
  console.log(namespace, "get p50", p50(reads), "update p50", p50(writes));
  const lists: [string, any[]][] = [
    ["none", []],
    ["plan=pro", [{ scope: "public", path: ["plan"], op: "in", values: ["pro"] }]],
    ["plan=rare", [{ scope: "public", path: ["plan"], op: "in", values: ["rare"] }]],
    ["plan in 3", [{ scope: "public", path: ["plan"], op: "in", values: ["rare", "free", "x"] }]],
    ["credits>=half", [{ scope: "private", path: ["credits"], op: "gte", value: total / 2 }]],
    ["credits>=last 100", [{ scope: "private", path: ["credits"], op: "gte", value: total - 100 }]],
    ["credits>=last 1%", [{ scope: "private", path: ["credits"], op: "gte", value: total * 0.99 }]],
    ["plan>=a", [{ scope: "public", path: ["plan"], op: "gte", value: "a" }]],
    ["exists", [{ scope: "public", path: ["plan"], op: "exists", value: true }]],
    ["not exists", [{ scope: "public", path: ["plan"], op: "exists", value: false }]],
    ["plan=pro & credits<50", [{ scope: "public", path: ["plan"], op: "in", values: ["pro"] }, { scope: "private", path: ["credits"], op: "lt", value: 50 }]],
  ];
  for (const [name, where] of lists) {
    const t: number[] = []; let n = 0;
    for (let i = 0; i < 3; i++) t.push(await time(async () => { n = (await store.list({ where, limit: 50 })).length; }).catch((e) => (console.log(name, e.code, String(e.cause)), -1)));
    console.log("  list", name, n, t.map((x) => x.toFixed(1)).join(" "));
  }
  await store.close();
}
await c.end();
