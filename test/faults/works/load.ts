import { setTimeout } from "node:timers/promises";
import { clock } from "../form.ts";
import { untilAnswered } from "../open.ts";
import type { Site } from "../worker.ts";

export interface LoadOptions {
  readonly namespace: string;
  readonly name: number;
  readonly clients: number;
}

/** One answer: when it came, after how many milliseconds, and `"ok"` or its error code. */
export interface Answer {
  readonly client: string;
  readonly kind: "read" | "write";
  readonly code: string;
  readonly at: number;
  readonly ms: number;
}

export interface Load {
  readonly answers: Answer[];
  /** How often each user was written, as acknowledged. */
  readonly written: Readonly<Record<string, number>>;
}

/** Clients that read and write all the time, two in three on a user of their own, and tell of each answer. */
export async function load({ open, ending }: Site, { namespace, name, clients }: LoadOptions): Promise<Load> {
  const meta = await open(namespace);
  const answers: Answer[] = [];
  const written: Record<string, number> = {};
  await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      const client = `${name}.${i}`;
      const userId = i % 3 === 0 ? "shared" : `own-${client}`;
      const tell = (kind: Answer["kind"]) => (code: string, ms: number) =>
        void answers.push({ client, kind, code, ms, at: clock() });
      for (let n = 0; !ending.aborted; n++) {
        await untilAnswered(
          () =>
            meta.update(userId, ({ private: { n: last = 0 } }) => ({ private: { n: Number(last) + 1 } }), {
              idempotencyKey: `${client}-${n}`,
            }),
          tell("write"),
        );
        written[userId] = (written[userId] ?? 0) + 1;
        await untilAnswered(() => meta.get(userId), tell("read"));
        await setTimeout(5 + Math.random() * 10);
      }
    }),
  );
  await meta.close();
  return { answers, written };
}
