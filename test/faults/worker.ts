// One process of several that share a store: `node worker.ts <store URL>`. What it does comes as messages.
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
  readonly url: string;
  /** Aborted when the work is to end. */
  readonly ending: AbortSignal;
}

/** What a worker is told: a work and its options, or to end the one it is at. */
export type Message = { readonly work: keyof Works; readonly options: object } | "end";

const url = process.argv[2] ?? "";
let controller = new AbortController();

process.on("message", (message: Message) => {
  if (message === "end") controller.abort();
  else void carryOut(message);
});
process.once("disconnect", () => process.exit());

/** A work that fails ends the process, which is how the tests learn of it. */
async function carryOut({ work, options }: Exclude<Message, "end">): Promise<void> {
  controller = new AbortController();
  const run = works[work] as (site: Site, options: object) => Promise<unknown>;
  process.send?.({ result: await run({ url, ending: controller.signal }, options) });
}
