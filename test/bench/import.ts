import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import type { Part } from "./part.ts";
import { round } from "./statistics.ts";
import { makeFolder, removeFolder } from "./stores/sqlite.ts";
import { table } from "./table.ts";
import { documentsOf, userIdOf } from "./users.ts";

const command = fileURLToPath(new URL("../../packages/usermeta/src/main.ts", import.meta.url));

const legend = `\`usermeta import\` of an NDJSON file into an empty SQLite file, as a process of its own from its sources: users a
second from start to end, CPU of all its threads for one user, and the most memory it had resident. Goals: 20,000 a second
and 300 MB. "Small" is a row of 150 bytes, "1 KB" a record of that size.`;

/** Importing files of users, in the order of their ids and in none. */
export const imports: Part = async function* (settings, report) {
  const folder = makeFolder();
  try {
    const rows: string[][] = [];
    for (const [size, line] of [["small", smallLine] as const, ["1 KB", largeLine] as const])
      for (const [order, idOf] of [["in order", inOrder] as const, ["in no order", userIdOf] as const]) {
        const name = `${size}, ids ${order}`;
        if (!name.includes(settings.only)) continue;
        report(`import: ${settings.manyUsers.toLocaleString("en")} users, ${name}`);
        rows.push([name, ...(await measure(folder, lines(settings.manyUsers, idOf, line), settings.manyUsers))]);
      }
    const title = `${settings.manyUsers.toLocaleString("en")} users`;
    yield `## Import\n\n${legend}\n\n${table([title, "users a second", "CPU of one, µs", "memory, MB"], rows)}`;
  } finally {
    removeFolder(folder);
  }
};

const inOrder = (i: number): string => `user_${String(i).padStart(8, "0")}`;
const smallLine = (userId: string, i: number): string =>
  `{"userId":"${userId}","public":{"plan":"free","name":"User Number ${i}"},"private":{"stripe":"cus_${i}"},"unsafe":{"theme":"dark"}}\n`;
const largeLine = (userId: string, i: number): string => `${JSON.stringify({ userId, ...documentsOf(i) })}\n`;

/** Pieces of a thousand lines. */
function* lines(
  count: number,
  idOf: (i: number) => string,
  line: (userId: string, i: number) => string,
): Generator<string, void, undefined> {
  for (let from = 0; from < count; from += 1000)
    yield Array.from({ length: Math.min(1000, count - from) }, (_, i) => line(idOf(from + i), from + i)).join("");
}

async function measure(folder: string, content: Iterable<string>, users: number): Promise<readonly string[]> {
  const [source, file] = [join(folder, "users.ndjson"), join(folder, "import.db")];
  await pipeline(Readable.from(content), createWriteStream(source));
  const started = performance.now();
  const args = ["--conditions=@usermeta/source", command, "import", source, "--store", `sqlite:${file}`];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  let used = { cpu: 0, memory: 0 };
  const timer = setInterval(() => {
    used = usage(child.pid) ?? used;
  }, 100);
  const [code] = (await once(child, "close")) as [number | null];
  clearInterval(timer);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0) throw new Error(`the import ended with ${code}: ${errors}`);
  for (const name of [source, file, `${file}-wal`, `${file}-shm`]) rmSync(name, { force: true });
  return [Math.round(users / seconds).toLocaleString("en"), round((used.cpu / users) * 1e6), String(used.memory)];
}

/** What a process has used so far, as Linux tells: CPU in seconds, and the peak of its memory in MB. */
function usage(pid: number | undefined): { readonly cpu: number; readonly memory: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ");
    const peak = /VmHWM:\s*(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? "0";
    const ticks = 100; // a second, on every Linux that Node runs on
    return { cpu: (Number(fields[11]) + Number(fields[12])) / ticks, memory: Math.round((Number(peak) * 1024) / 1e6) };
  } catch {
    return undefined; // it has ended, or this is no Linux
  }
}
