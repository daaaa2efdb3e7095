import { checkUserId } from "./user-id.ts";
import { checkWriteOptions } from "./write-options.ts";
import type { KeyedWrite, Writer, Written } from "./writer.ts";

/** How writes are carried out. */
export interface Carriers extends Pick<Writer, "many"> {
  /** What does not go through together, because of another write or an error, goes the long way. */
  readonly one: (write: KeyedWrite) => Promise<Written>;
  /** Told of what went through together. */
  readonly told: (written: Written) => Written;
}

/** Carries out writes, up to 100 together; settled results, in order. Of several writes to one user the earlier come first. */
export async function inBatches(
  writes: readonly KeyedWrite[],
  { many, one, told }: Carriers,
): Promise<readonly PromiseSettledResult<Written>[]> {
  const results: PromiseSettledResult<Written>[] = [];
  for (const batch of toBatches(writes)) {
    const sound = batch.filter(isSound);
    const answers = await many(sound).catch(() => []);
    const written = new Map(sound.map((write, i) => [write, answers[i]]));
    const settled = batch.map(async (write) => {
      const done = written.get(write);
      return done === undefined ? one(write) : told(done);
    });
    results.push(...(await Promise.allSettled(settled)));
  }
  return results;
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
