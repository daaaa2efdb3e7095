import { createUserMeta } from "@usermeta/core";
import { sqliteStore } from "./zz_sqlite/index.ts";
import { documentsOf, shuffled, userIdOf } from "/work/main/test/bench/users.ts";
import { rmSync } from "node:fs";
const [op="update", clients="64", secs="6", durability="normal"] = process.argv.slice(2);
rmSync("/tmp/prof/u.db",{force:true});rmSync("/tmp/prof/u.db-wal",{force:true});
const store = sqliteStore("/tmp/prof/u.db",{durability: durability as "normal", driver:"better-sqlite3"});
const meta = createUserMeta({store, verifier: () => {throw new Error()}, ...(process.env.NOHIST && {history:false})});
await Promise.all(Array.from({length:10000},(_, i)=>meta.update(userIdOf(i), documentsOf(i))));
const next = shuffled(10000);
let seen=0,n=0;
const run: Record<string,()=>Promise<unknown>> = {
 update: () => meta.update(userIdOf(next()), {unsafe:{theme:"light",seen:++seen}}),
 read: () => meta.records.read(userIdOf(next())),
 get: () => meta.get(userIdOf(next())),
};
for (const phase of ["warm","measure"]) { n=0; const end=performance.now()+Number(secs)*(phase==="warm"?200:1000); const c=process.cpuUsage(); const t=performance.now();
await Promise.all(Array.from({length:Number(clients)}, async()=>{while(performance.now()<end){await run[op]!();n++}}));
const u=process.cpuUsage(c); console.log(phase,op,clients,Math.round(n/((performance.now()-t)/1000)),"/s",((u.user+u.system)/n).toFixed(1),"µs cpu", ((u.user)/n).toFixed(1),"user"); }
await meta.close();
