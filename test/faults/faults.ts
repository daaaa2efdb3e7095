import { afterAll, beforeAll, describe, it } from "vitest";
import { clears } from "./experiments/clears.ts";
import { cuts } from "./experiments/cuts.ts";
import { kills } from "./experiments/kills.ts";
import { outage } from "./experiments/outages.ts";
import { conditionalCounts, firstWrites } from "./experiments/races.ts";
import { registers } from "./experiments/registers.ts";
import { form, isFull, printReport, processes, seconds } from "./form.ts";
import type { Ground, Start } from "./grounds.ts";
import { startWorker, type Worker } from "./team.ts";

/** What there is to know of a store before it is started. */
export interface Traits {
  /** Whether it is a server of its own, which can be away. @default true */
  readonly isServer?: boolean;
  /** Whether a proxy can stand before it: clients of a cluster are told the nodes' own addresses. @default true */
  readonly hasProxy?: boolean;
  /** What the short form does: everything, what differs most between stores, or only kills. @default "all" */
  readonly short?: "all" | "main" | "kills";
  /** Users of the racing first writes in the short form. @default 1000 */
  readonly racers?: number;
}

/** The experiments on one store. */
export function testFaults(store: string, start: Start, traits: Traits = {}): void {
  const { isServer = true, hasProxy = isServer, short = "all", racers = 1000 } = traits;
  afterAll(printReport);
  describe(`4 processes on ${store}`, { timeout: seconds * 1000 + 180_000 }, () => {
    let ground: Ground | string = "not started";
    let workers: readonly Worker[] = [];
    beforeAll(async () => {
      ground = await start();
    });
    afterAll(async () => {
      await Promise.all(workers.map((worker) => worker.dismiss()));
      if (typeof ground !== "string") await ground.stop();
    });

    /** The processes that serve all experiments in which none is killed. */
    function team({ url }: Ground): readonly Worker[] {
      if (workers.length === 0) workers = Array.from({ length: processes }, () => startWorker(url));
      return workers;
    }

    const experiment = (name: string, run: (on: Ground) => Promise<void>): void =>
      it(name, async (context) => {
        if (typeof ground === "string") return context.skip(ground);
        await run(ground);
      });

    experiment("lose no acknowledged write, repeat none and show none by halves, whatever is killed", (on) =>
      kills(store, on),
    );
    if (short === "kills" && !isFull) return;
    const isMainOnly = short === "main" && !isFull;

    experiment("lose none of the first writes that 8 writers race for", (on) =>
      firstWrites(store, on, team(on), form(racers, 1000)),
    );
    if (!isMainOnly) {
      experiment("count exactly the conditional writes that succeeded", (on) => conditionalCounts(store, on, team(on)));
      experiment("never read what is older than something that was seen", (on) => registers(store, team(on), false));
    }
    experiment("with a cache, read their own writes at once and others' within a second", (on) =>
      registers(store, team(on), true),
    );
    experiment("leave a record that was cleared or erased meanwhile as one order of all writes would", (on) =>
      clears(store, on, team(on)),
    );
    if (hasProxy)
      experiment("apply an update once or not at all, wherever its connection breaks", (on) => cuts(store, on));
    if (!isServer || isMainOnly) return;

    experiment("answer in time while the server hangs, and serve again when it goes on", (on) =>
      outage(store, on, team(on), "frozen"),
    );
    if (isFull)
      experiment("answer in time while the server is gone, and serve again when it is back", (on) =>
        outage(store, on, team(on), "killed"),
      );
  });
}
