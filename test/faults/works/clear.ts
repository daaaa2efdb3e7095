import { setTimeout } from "node:timers/promises";
import { clock, processes } from "../form.ts";
import { untilAnswered } from "../open.ts";
import type { Site } from "../worker.ts";

export interface ClearOptions {
  readonly namespace: string;
  readonly name: number;
  readonly rounds: number;
  /** When the first round begins, and the milliseconds between rounds. */
  readonly at: number;
  readonly every: number;
}

/** One operation of a round: a key added, or everything gone. */
export interface Move {
  readonly round: number;
  readonly key: string;
  readonly start: number;
  readonly end: number;
}

/** Processes that add keys, and the keys that each adds to one user. */
export const others = processes - 1;
export const updates = 4;
/** In odd rounds the record is erased, in even ones cleared. */
export const isErasing = (round: number): boolean => round % 2 === 1;

/** In each round, one process clears or erases the user to whom the others are adding keys. */
export async function clear({ open }: Site, { namespace, name, rounds, at, every }: ClearOptions): Promise<Move[]> {
  const meta = await open(namespace);
  const moves: Move[] = [];
  const move = async (round: number, key: string, operation: () => Promise<unknown>): Promise<void> => {
    const start = clock();
    await untilAnswered(operation);
    moves.push({ round, key, start, end: clock() });
  };
  await Promise.all(
    Array.from({ length: rounds }, async (_, round) => {
      const userId = `round${round}`;
      await setTimeout(Math.max(at + round * every - clock(), 0));
      if (name === 0) {
        // After so many of the keys, whatever time they take.
        const least = Math.floor(Math.random() * (others * updates + 1));
        while (Object.keys((await untilAnswered(() => meta.get(userId))).unsafe).length < least) await setTimeout(5);
        await move(round, "", () => (isErasing(round) ? meta.erase(userId) : meta.clear(userId)));
      } else
        for (let n = 0; n < updates; n++)
          await move(round, `${name}.${n}`, () => meta.update(userId, { unsafe: { [`${name}.${n}`]: n } }));
    }),
  );
  await meta.close();
  return moves;
}
