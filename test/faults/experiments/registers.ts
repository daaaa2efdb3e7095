import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { form, highest, report, seconds } from "../form.ts";
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
  const slowest = highest(operations.map(({ start, end }) => end - start));
  const found = {
    operations: operations.length,
    writes: operations.filter(({ kind }) => kind === "write").length,
    "own writes unseen": wentBack(operations, (one) => `${one.process}`, "write"),
    "reads went back": wentBack(operations, (one) => one.client),
    ...(!isCached && { "seen by others, then unseen": wentBack(operations, () => "") }),
    "read before written": fromTheFuture(operations),
    "stalest read (ms)": highest(stalenessOf(operations)),
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
    let [next, seen] = [0, 0];
    for (const one of group.toSorted((a, b) => a.start - b.start)) {
      for (; (ended[next]?.end ?? Number.POSITIVE_INFINITY) < one.start; next++)
        seen = Math.max(seen, ended[next]?.version ?? 0);
      if (one.version < seen || (one.kind === "write" && one.version === seen && seen > 0)) count++;
    }
  }
  return count;
}

/** How often somebody saw a version before its write began, or one that nobody wrote. */
function fromTheFuture(all: readonly Operation[]): number {
  const begun = new Map(
    all.filter(({ kind }) => kind === "write").map(({ key, version, start }) => [`${key} ${version}`, start]),
  );
  return all.filter(
    ({ key, version, end }) => version > 0 && !((begun.get(`${key} ${version}`) ?? Number.POSITIVE_INFINITY) <= end),
  ).length;
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
