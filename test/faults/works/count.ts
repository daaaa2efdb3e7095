import { setTimeout } from "node:timers/promises";
import { UserMetaError } from "@usermeta/core";
import { clock } from "../form.ts";
import { untilAnswered } from "../open.ts";
import type { Site } from "../worker.ts";

export interface CountOptions {
  readonly namespace: string;
  readonly name: number;
  readonly clients: number;
}

export interface Count {
  readonly successes: number;
  readonly conflicts: number;
  /** Milliseconds that the unluckiest client waited for one success. */
  readonly longest: number;
}

/** Clients that each add one to the same number, on condition that nobody wrote since they read it. */
export async function count({ open, ending }: Site, { namespace, name, clients }: CountOptions): Promise<Count> {
  const meta = await open(namespace);
  let [successes, conflicts, longest] = [0, 0, 0];
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (!ending.aborted) {
        const from = clock();
        const idempotencyKey = `${name}.${client}.${from}`;
        for (let isDone = false; !isDone && !ending.aborted; ) {
          // Winners and losers alike, or whoever has won would win again.
          await setTimeout(Math.random() * 50);
          const {
            etag,
            private: { number = 0 },
          } = await untilAnswered(() => meta.get("counter"));
          const changes = { private: { number: Number(number) + 1 } };
          try {
            await untilAnswered(() =>
              meta.update("counter", changes, {
                ifMatch: etag,
                idempotencyKey: `${idempotencyKey}${etag}`.replaceAll('"', ""),
              }),
            );
            successes++;
            isDone = true;
          } catch (error) {
            if (!(error instanceof UserMetaError && error.code === "version_conflict")) throw error;
            conflicts++;
          }
        }
        longest = Math.max(longest, clock() - from);
      }
    }),
  );
  await meta.close();
  return { successes, conflicts, longest };
}
