import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { createUserMeta } from "@usermeta/core";
import { sqliteStore } from "@usermeta/sqlite";
import { afterAll, describe, expect, it } from "vitest";

/** Seconds of killing. The long form: `USERMETA_FAULT_SECONDS=600 vitest run test/faults`. */
const seconds = Number(process.env["USERMETA_FAULT_SECONDS"] ?? 3);
const processes = 4;
const directory = mkdtempSync(join(tmpdir(), "usermeta-faults-"));
afterAll(() => rmSync(directory, { recursive: true }));

const worker = fileURLToPath(new URL("sqlite-worker.ts", import.meta.url));
const start = (...options: (string | number)[]): ChildProcess =>
  spawn(process.execPath, ["--conditions=@usermeta/source", worker, ...options.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
  });

describe.each(["better-sqlite3", "node:sqlite"] as const)("4 processes on one SQLite file, by %s", (driver) => {
  it("lose no acknowledged write and repeat none, whenever they are killed", {
    timeout: seconds * 1000 + 60_000,
  }, async () => {
    const file = join(directory, `kills-${driver.replace(":", "-")}.db`);
    const users = Math.max(64, Math.ceil(seconds * 30));
    const append = (name: number) => {
      const child = start(file, driver, name, "append", users, 16);
      child.stdin?.write("go\n");
      return child;
    };
    const workers = Array.from({ length: processes }, (_, name) => append(name));
    let kills = 0;
    for (const end = performance.now() + seconds * 1000; performance.now() < end; ) {
      await setTimeout(100 + Math.random() * 700);
      const name = Math.floor(Math.random() * processes);
      const victim = workers[name] as ChildProcess;
      expect(victim.exitCode).toBeNull();
      victim.kill("SIGKILL");
      await once(victim, "exit");
      kills++;
      workers[name] = append(name);
    }
    expect(await endAll(workers)).toEqual(Array(processes).fill(0));

    const acknowledged = linesOf(file, "acks");
    const database = new DatabaseSync(file);
    expect(database.prepare("PRAGMA integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
    const meta = open(database);
    const present: string[] = [];
    for await (const record of meta.list()) {
      const ids = record.private["ids"] as string[];
      const versions = (await all(meta.history(record.userId))).map(({ version }) => version);
      expect([record.version, versions]).toEqual([ids.length, ids.map((_, i) => ids.length - i)]);
      present.push(...ids);
    }
    database.close();
    expect(new Set(acknowledged).size).toBe(acknowledged.length);
    expect(present.toSorted()).toEqual(acknowledged.toSorted());
    expect(acknowledged.length).toBeGreaterThan(seconds * 20);
    report(`${driver}: ${acknowledged.length} writes acknowledged, ${kills} kills`, file);
  });

  it("lose none of the first writes of 1,000 users that 8 writers race for", { timeout: 60_000 }, async () => {
    const file = join(directory, `first-${driver.replace(":", "-")}.db`);
    const workers = Array.from({ length: processes }, (_, name) => start(file, driver, name, "first", 1000, 2));
    await Promise.all(workers.map(({ stdout }) => once(stdout as NodeJS.ReadableStream, "data")));
    const from = performance.now();
    for (const { stdin } of workers) stdin?.write("go\n");
    expect(await endAll(workers)).toEqual(Array(processes).fill(0));
    const took = performance.now() - from;
    const database = new DatabaseSync(file);
    const meta = open(database);
    const records = await all(meta.list());
    const writers = ["0.0", "0.1", "1.0", "1.1", "2.0", "2.1", "3.0", "3.1"];
    expect(records).toHaveLength(1000);
    for (const record of records) expect([record.version, Object.keys(record.public).toSorted()]).toEqual([8, writers]);
    database.close();
    report(`${driver}: 8,000 racing writes in ${Math.round(took)} ms`, file);
  });
});

const open = (database: DatabaseSync) =>
  createUserMeta({ store: sqliteStore(database), verifier: () => Promise.reject(new Error("no sessions here")) });

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** Lets the workers end what they are at; gives their exit codes. */
async function endAll(workers: readonly ChildProcess[]): Promise<unknown[]> {
  return Promise.all(
    workers.map(async (child) => {
      const exit = once(child, "exit");
      child.stdin?.end();
      return (await exit)[0] as unknown;
    }),
  );
}

/** What the workers wrote into their files of one kind. */
function linesOf(file: string, kind: string): string[] {
  const names = readdirSync(dirname(file)).filter(
    (name) => name.startsWith(basename(file)) && name.endsWith(`.${kind}`),
  );
  return names.flatMap((name) =>
    readFileSync(join(dirname(file), name), "utf8")
      .split("\n")
      .slice(0, -1),
  );
}

function report(text: string, file: string): void {
  console.info(`${text}, ${linesOf(file, "503").length} answers 503`);
}
