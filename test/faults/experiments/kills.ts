import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { clock, form, highest, isFull, processes, progress, report, seconds } from "../form.ts";
import type { Ground } from "../grounds.ts";
import { startWorker, type Work, type Worker } from "../team.ts";
import { audit } from "../works/append.ts";

/** E1, E2 and E16: 64 clients in 4 processes append; processes and servers are killed at random moments. */
export async function kills(store: string, { url, servers, check, setting }: Ground): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "usermeta-acks-"));
  const namespace = "kills";
  const append = (name: number): { readonly worker: Worker; readonly work: Work<unknown> } => {
    const worker = startWorker(url);
    const work = worker.run("append", { namespace, name, writers: 64 / processes, folder });
    return { worker, work };
  };
  const team = Array.from({ length: processes }, (_, name) => append(name));
  await Promise.all(team.map(({ work }) => work.opened)); // starting up is no part of it
  const killed = { workers: 0, servers: 0 };
  const from = clock();
  const until = from + seconds * 1000;
  const pause = async (least: number, most: number): Promise<boolean> => {
    await setTimeout(Math.max(Math.min(least + Math.random() * (most - least), until - clock()), 1));
    return clock() < until;
  };

  async function killWorkers(): Promise<void> {
    while (await pause(form(400, 500), form(900, 2500))) {
      const name = Math.floor(Math.random() * processes);
      await team[name]?.worker.kill();
      killed.workers++;
      team[name] = append(name);
    }
  }

  async function killServers(): Promise<void> {
    while (
      servers.length > 0 &&
      (await pause(form(600, Math.min(3000, seconds * 300)), form(1500, Math.min(9000, seconds * 600))))
    ) {
      const server = servers[Math.floor(Math.random() * servers.length)];
      await server?.kill();
      killed.servers++;
      await setTimeout(Math.random() * 500);
      await server?.start();
    }
  }

  async function show(): Promise<void> {
    while (isFull && (await pause(1000, 1000)))
      progress(
        `${store}: ${Math.round((clock() - from) / 1000)} of ${seconds} s, ${linesOf(folder, ".acks").length} writes ` +
          `acknowledged, ${killed.workers} workers and ${killed.servers} servers killed`,
      );
    progress("");
  }

  try {
    await Promise.all([killWorkers(), killServers(), show()]);
    for (const { worker } of team) worker.end();
    await Promise.all(team.map(({ work }) => work.result));
  } finally {
    await Promise.all(team.map(({ worker }) => worker.dismiss()));
  }

  const acks = linesOf(folder, ".acks").map((line) => line.split(" ") as [string, string]);
  const refusals = linesOf(folder, ".refusals").map((line) => line.split(" ") as [string, string]);
  const reads = linesOf(folder, ".reads");
  rmSync(folder, { recursive: true });
  const { ids, odd } = await audit(url, namespace);
  const present = new Set(ids);
  const acknowledged = new Set(acks.map(([id]) => id));
  const figures = {
    acknowledged: acks.length,
    "workers killed": killed.workers,
    "servers killed": killed.servers,
    lost: acks.filter(([id]) => !present.has(id)).length,
    doubled: ids.length - present.size,
    "answers 503": refusals.length,
    reads: reads.length,
    "half seen": reads.filter((read) => read !== "whole").length,
    "slowest answer (ms)": highest([...acks, ...refusals].map(([, ms]) => Number(ms))),
    setting,
  };
  report("E1, E2, E16: appended under kills", store, figures);
  expect(figures).toMatchObject({ lost: 0, doubled: 0, "half seen": 0 });
  // Whatever was not acknowledged was repeated until it was.
  expect(ids.filter((id) => !acknowledged.has(id))).toEqual([]);
  expect(acks).toHaveLength(acknowledged.size);
  expect(odd).toEqual([]);
  expect(check?.()).toBeUndefined();
  expect(acks.length).toBeGreaterThan(seconds * 20);
  expect(reads.length).toBeGreaterThan(seconds * 10);
  expect(killed.workers).toBeGreaterThan(0);
  expect(killed.servers).toBeGreaterThanOrEqual(Math.min(servers.length, 1));
}

/** What is in the notes whose names end so. */
const linesOf = (folder: string, ending: string): string[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(ending))
    .flatMap((name) => readFileSync(join(folder, name), "utf8").split("\n").slice(0, -1));
