import { checkUserId } from "./user-id.ts";
import { checkWriteOptions } from "./write-options.ts";
import type { KeyedWrite, Written } from "./writer.ts";

/** As {@link Records.writeMany}. */
export type ManyWriter = (writes: readonly KeyedWrite[]) => Promise<readonly PromiseSettledResult<Written>[]>;

/**
 * Writes batches of distinct users together; what does not go through at once, because of another write or an error, goes
 * the long way, through `one`. `after` is told of each batch what was written together.
 */
export function createManyWriter(
  many: (writes: readonly KeyedWrite[]) => Promise<readonly (Written | undefined)[]>,
  one: (userId: string, edit: KeyedWrite["edit"], options: KeyedWrite["options"]) => Promise<Written>,
  after: (writes: readonly KeyedWrite[], written: readonly (Written | undefined)[]) => void,
): ManyWriter {
  async function writeDistinct(writes: readonly KeyedWrite[]): Promise<readonly PromiseSettledResult<Written>[]> {
    const sound = writes.filter(isSound);
    const results = await many(sound).catch((): (Written | undefined)[] => []);
    after(writes, results);
    const written = new Map(sound.map((write, i) => [write, results[i]]));
    return Promise.allSettled(
      writes.map(async (write) => written.get(write) ?? one(write.userId, write.edit, write.options)),
    );
  }

  return async (writes) => {
    const results: PromiseSettledResult<Written>[] = [];
    for (const batch of toBatches(writes)) results.push(...(await writeDistinct(batch)));
    return results;
  };
}

/** Batches of at most 100 distinct users, in order. */
function toBatches(writes: readonly KeyedWrite[]): readonly (readonly KeyedWrite[])[] {
  const batches: KeyedWrite[][] = [];
  let users = new Set<string>();
  for (const write of writes) {
    if (batches.length === 0 || users.size === 100 || users.has(write.userId)) {
      batches.push([]);
      users = new Set();
    }
    users.add(write.userId);
    batches.at(-1)?.push(write);
  }
  return batches;
}

/** Whether a write may be tried together with others; what is wrong with it, `write` tells. */
function isSound({ userId, options }: KeyedWrite): boolean {
  try {
    checkUserId(userId);
    checkWriteOptions(options);
    return true;
  } catch {
    return false;
  }
}
