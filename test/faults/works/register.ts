import { setTimeout } from "node:timers/promises";
import { clock, processes } from "../form.ts";
import { untilAnswered } from "../open.ts";
import type { Site } from "../worker.ts";

export interface RegisterOptions {
  readonly namespace: string;
  readonly name: number;
  readonly clients: number;
  readonly keys: number;
  /** Whether records are kept in the process. */
  readonly isCached: boolean;
  readonly pause: number;
}

/** One read or write, and the version that it saw or made. */
export interface Operation {
  readonly kind: "read" | "write";
  readonly key: number;
  readonly process: number;
  readonly client: string;
  readonly version: number;
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** Clients that read and write at random, and tell what they saw. */
export async function register(
  { open, ending }: Site,
  { namespace, name, clients, keys, isCached, pause }: RegisterOptions,
): Promise<Operation[]> {
  // Where other processes' writes are told of, they alone must keep the cache fresh; else its time must.
  const cache = (canWatch: boolean) => ({ seconds: canWatch ? 600 : 1 });
  const meta = await open(namespace, isCached ? cache : undefined);
  const operations: Operation[] = [];
  await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      const client = `${name}.${i}`;
      for (let n = 0; !ending.aborted; n++) {
        const key = Math.floor(Math.random() * keys);
        // Half of the users are written by one process each, so that the others must learn of it to see it.
        const canWrite = key % 2 === 0 || key % processes === name;
        const kind = canWrite && Math.random() < 0.2 ? "write" : "read";
        const idempotencyKey = `${client}-${n}`;
        const userId = `register${key}`;
        const start = clock();
        const record = await untilAnswered(() =>
          kind === "read"
            ? meta.get(userId)
            : meta.update(userId, { unsafe: { value: idempotencyKey } }, { idempotencyKey }),
        );
        const { value = "" } = record.unsafe as { readonly value?: string };
        operations.push({ kind, key, process: name, client, version: record.version, value, start, end: clock() });
        await setTimeout(Math.random() * 2 * pause);
      }
    }),
  );
  await meta.close();
  return operations;
}
