import { setTimeout } from "node:timers/promises";
import { clock } from "../form.ts";
import { untilAnswered } from "../open.ts";
import type { Site } from "../worker.ts";

export interface RaceOptions {
  readonly namespace: string;
  readonly name: number;
  readonly users: number;
  readonly writers: number;
  /** When all begin. */
  readonly at: number;
}

/** Each writer, with a store of its own, adds a key of its own to every user, all at about the same time. */
export async function race(
  { open }: Site,
  { namespace, name, users, writers, at }: RaceOptions,
): Promise<{ readonly refusals: number }> {
  const metas = await Promise.all(Array.from({ length: writers }, () => open(namespace)));
  let refusals = 0;
  const listen = (code: string): void => void (code === "ok" || refusals++);
  await setTimeout(Math.max(at - clock(), 0));
  await Promise.all(
    metas.map(async (meta, writer) => {
      for (let from = 0; from < users; from += 50)
        await Promise.all(
          Array.from({ length: Math.min(50, users - from) }, (_, i) =>
            untilAnswered(() => meta.update(`new${from + i}`, { public: { [`${name}.${writer}`]: 1 } }), listen),
          ),
        );
      await meta.close();
    }),
  );
  return { refusals };
}
