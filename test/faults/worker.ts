// One process of several that share a store: `node worker.ts <store URL>`. What it does comes as messages.
import type { CacheOptions, UserMeta } from "@usermeta/core";
import { openMeta } from "./open.ts";
import { append } from "./works/append.ts";
import { clear } from "./works/clear.ts";
import { count } from "./works/count.ts";
import { load } from "./works/load.ts";
import { race } from "./works/race.ts";
import { register } from "./works/register.ts";

const works = { append, clear, count, load, race, register };
export type Works = typeof works;

/** What every work is given beside its options. */
export interface Site {
  /** Opens the store, and waits for one that is just away. */
  readonly open: (namespace: string, cache?: (canWatch: boolean) => CacheOptions) => Promise<UserMeta>;
  /** Aborted when the work is to end. */
  readonly ending: AbortSignal;
}

/** What a worker is told: a work and its options, or to end the one it is at. */
export type Order = { readonly work: keyof Works; readonly options: object } | "end";
/** What it tells: that it has opened its store, or what came of the work. */
export type Told = { readonly result: unknown } | "opened";

const url = process.argv[2] ?? "";
const tell = (what: Told): void => void process.send?.(what);
let controller = new AbortController();

process.on("message", (order: Order) => {
  if (order === "end") controller.abort();
  else void carryOut(order);
});
process.once("disconnect", () => process.exit());

/** A work that fails ends the process, which is how the tests learn of it. */
async function carryOut({ work, options }: Exclude<Order, "end">): Promise<void> {
  controller = new AbortController();
  const site: Site = {
    open: async (namespace, cache) => {
      const meta = await openMeta(url, namespace, cache);
      tell("opened");
      return meta;
    },
    ending: controller.signal,
  };
  const run = works[work] as (site: Site, options: object) => Promise<unknown>;
  tell({ result: await run(site, options) });
}
