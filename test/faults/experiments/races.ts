import { setTimeout } from "node:timers/promises";
import { expect } from "vitest";
import { clock, form, highest, report, seconds } from "../form.ts";
import type { Ground } from "../grounds.ts";
import { collect, openMeta } from "../open.ts";
import { together, type Worker } from "../team.ts";

/** E3: 8 writers, two in each process, race for the first write of each user. */
export async function firstWrites(
  store: string,
  { url }: Ground,
  team: readonly Worker[],
  users: number,
): Promise<void> {
  const [namespace, writers] = ["race", 2];
  const at = clock() + 500;
  const results = await together(team, "race", (name) => ({ namespace, name, users, writers, at })).result;
  const took = clock() - at;
  const meta = await openMeta(url, namespace);
  const records = await collect(meta.list());
  await meta.close();
  const keys = team.flatMap((_, name) => [`${name}.0`, `${name}.1`]);
  report("E3: racing first writes", store, {
    users,
    writers: keys.length,
    lost: users * keys.length - records.flatMap((record) => Object.keys(record.public)).length,
    "answers 503": results.reduce((sum, { refusals }) => sum + refusals, 0),
    "took (ms)": took,
  });
  expect(records).toHaveLength(users);
  for (const record of records)
    expect([record.version, Object.keys(record.public).toSorted()]).toEqual([keys.length, keys]);
}

/** E4: 32 clients add one to the same number, each on condition that nobody wrote since it read. */
export async function conditionalCounts(store: string, { url }: Ground, team: readonly Worker[]): Promise<void> {
  const [namespace, clients] = ["count", 32];
  const counting = together(team, "count", (name) => ({ namespace, name, clients: clients / team.length }));
  await counting.opened;
  await setTimeout(form(1000, seconds * 250));
  for (const worker of team) worker.end();
  const counts = await counting.result;
  const meta = await openMeta(url, namespace);
  const { version, private: found } = await meta.get("counter");
  await meta.close();
  const sum = (name: "successes" | "conflicts"): number => counts.reduce((total, count) => total + count[name], 0);
  const longest = highest(counts.map((count) => count.longest));
  report("E4: If-Match counter", store, {
    successes: sum("successes"),
    counted: Number(found["number"]),
    "answers 412": sum("conflicts"),
    "longest wait for a success (ms)": longest,
  });
  expect([found["number"], version]).toEqual([sum("successes"), sum("successes")]);
  expect(sum("conflicts")).toBeGreaterThan(0);
  expect(longest).toBeLessThan(5_000); // nobody starves
}
