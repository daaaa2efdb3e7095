import { expect } from "vitest";
import { clock, form, report } from "../form.ts";
import type { Ground } from "../grounds.ts";
import { collect, openMeta } from "../open.ts";
import { together, type Worker } from "../team.ts";
import { isErasing, type Move, others, updates } from "../works/clear.ts";

/** E17: a record is cleared or erased while other processes add keys to it. */
export async function clears(store: string, { url }: Ground, team: readonly Worker[]): Promise<void> {
  const namespace = "clears";
  const [rounds, every] = form([40, 20], [200, 60]);
  const at = clock() + 400;
  const moves = (await together(team, "clear", (name) => ({ namespace, name, rounds, at, every })).result).flat();
  const meta = await openMeta(url, namespace);
  const added = others * updates;
  let [between, impossible] = [0, 0];
  for (let round = 0; round < rounds; round++) {
    const record = await meta.get(`round${round}`);
    const changes = await collect(meta.history(`round${round}`));
    const keys = new Set(Object.keys(record.unsafe));
    const all = moves.filter((move) => move.round === round);
    if (keys.size > 0 && keys.size < added) between++;
    if (!isSerial(all, keys)) impossible++;
    const cleared = changes.filter(({ kind }) => kind === "clear").length;
    // An erasure leaves what came after it; a clear leaves everything in the log, itself too unless there was nothing.
    expect(record.version).toBe(isErasing(round) ? keys.size : added + cleared);
    expect(changes).toHaveLength(record.version);
    if (!isErasing(round)) expect(keys.size === added).toBe(cleared === 0);
  }
  await meta.close();
  report("E17: cleared or erased while written", store, { rounds, "in the middle": between, "not serial": impossible });
  expect(impossible).toBe(0);
  expect(between).toBeGreaterThan(rounds / 10);
}

/** Whether the keys that are left are those of an order in which each move happened at one moment between its begin and end. */
function isSerial(moves: readonly Move[], left: ReadonlySet<string>): boolean {
  const clearing = moves.find(({ key }) => key === "") as Move;
  const adding = moves.filter(({ key }) => key !== "");
  const [there, gone] = [adding.filter(({ key }) => left.has(key)), adding.filter(({ key }) => !left.has(key))];
  const precedes = (a: Move, b: Move): boolean => a.end < b.start;
  return (
    there.length === left.size &&
    !there.some((one) => precedes(one, clearing) || gone.some((other) => precedes(one, other))) &&
    !gone.some((one) => precedes(clearing, one))
  );
}
