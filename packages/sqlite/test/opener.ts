import { once } from "node:events";
import { type SqliteDriver, sqliteStore } from "@usermeta/sqlite";
import { putOf } from "./samples.ts";

const [path = "", driver, userId = ""] = process.argv.slice(2);
process.stdout.write("ready");
await once(process.stdin, "data");
process.stdin.destroy();
const store = sqliteStore(path, { driver: driver as SqliteDriver, indexes: ["public.plan", "unsafe.theme"] });
const [result] = await store.write([putOf(userId)]);
await store.close();
process.exitCode = result === "written" ? 0 : 1;
