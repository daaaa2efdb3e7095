import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { form, report, seconds } from "../form.ts";
import { together, type Worker } from "../team.ts";
import type { Operation } from "../works/register.ts";

/** Milliseconds that a cached record may lag behind other processes, beside the time that reading it took. */
const bound = 1000;

/** E5: processes read and write the same users, with the cache off and on. */
export async function registers(store: string, team: readonly Worker[], isCached: boolean): Promise<void> {
  const namespace = `register ${isCached}`;
  const options = { namespace, clients: 4, keys: 8, isCached, pause: form(4, 8) };
  const working = together(team, "register", (name) => ({ ...options, name }));
  await working.opened;
  await setTimeout(form(isCached ? 2200 : 1000, seconds * 250));
  for (const worker of team) worker.end();
  const operations = (await working.result).flat();
  const slowest = Math.max(...operations.map(({ start, end }) => end - start));
  const found = {
    operations: operations.length,
    writes: operations.filter(({ kind }) => kind === "write").length,
    "own writes unseen": wentBack(operations, (one) => `${one.process}`, "write"),
    "reads went back": wentBack(operations, (one) => one.client),
    ...(!isCached && { "seen by others, then unseen": wentBack(operations, () => "") }),
    "read before written": operations.filter((one) => isFromTheFuture(one, operations)).length,
    "stalest read (ms)": Math.max(...stalenessOf(operations)),
    "slowest answer (ms)": slowest,
  };
  report(`E5: registers, cache ${isCached ? "on" : "off"}`, store, found);
  expect(new Set(operations.map(({ key, version, value }) => `${key} ${version} ${value}`)).size).toBe(
    new Set(operations.map(({ key, version }) => `${key} ${version}`)).size,
  );
  expect(found).toMatchObject({ "own writes unseen": 0, "reads went back": 0, "read before written": 0 });
  if (isCached) expect(found["stalest read (ms)"]).toBeLessThan(bound + slowest);
  else expect(found).toMatchObject({ "seen by others, then unseen": 0, "stalest read (ms)": 0 });
  expect(found.writes).toBeGreaterThan(20);
}

/** How often an operation saw less than one of the same group (and kind) that had ended before it began. */
function wentBack(all: readonly Operation[], groupOf: (one: Operation) => string, kind?: "write"): number {
  let count = 0;
  const groups = Map.groupBy(all, (one) => `${one.key} ${groupOf(one)}`);
  for (const group of groups.values()) {
    const ended = group.filter((one) => kind === undefined || one.kind === kind).toSorted((a, b) => a.end - b.end);
    let [next, highest] = [0, 0];
    for (const one of group.toSorted((a, b) => a.start - b.start)) {
      for (; (ended[next]?.end ?? Number.POSITIVE_INFINITY) < one.start; next++)
        highest = Math.max(highest, ended[next]?.version ?? 0);
      if (one.version < highest || (one.kind === "write" && one.version === highest && highest > 0)) count++;
    }
  }
  return count;
}

/** Whether somebody saw a version before its write began. */
function isFromTheFuture(one: Operation, all: readonly Operation[]): boolean {
  const write = all.find(({ kind, key, version }) => kind === "write" && key === one.key && version === one.version);
  return one.version > 0 && (write === undefined || write.start > one.end);
}

/** For each read, for how many milliseconds at its begin a later version had been acknowledged. */
function stalenessOf(all: readonly Operation[]): number[] {
  const writes = Map.groupBy(
    all.filter(({ kind }) => kind === "write").toSorted((a, b) => a.end - b.end),
    ({ key }) => key,
  );
  return all.map(({ key, version, start }) => {
    const later = writes.get(key)?.find((write) => write.version > version && write.end < start);
    return later === undefined ? 0 : start - later.end;
  });
}
