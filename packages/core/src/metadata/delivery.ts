import { UserMetaError } from "../errors.ts";
import { gather, sleep, unanswered, within } from "./gather.ts";
import { isSame } from "./identity.ts";
import type { MetadataStore, Put, PutResult } from "./store.ts";

/**
 * Hands puts to the store, gathered into batches; the same put again while its outcome is unknown: its change id keeps it
 * from happening twice. `until` is the write's deadline on the clock of `performance.now`.
 */
export type Delivery = (what: Put, until: number) => Promise<Exclude<PutResult, "unknown">>;

/** A way to the store. What goes by one does not wait for what goes by another. */
export function createDelivery(store: Pick<MetadataStore, "write">, deadline: number): Delivery {
  const put = gather<Put, PutResult>({
    run: (puts) => store.write(puts),
    key: ({ next }) => next.userId,
    shares: false, // one that was given up on may still wait here
    deadline,
    lost: () => "unknown",
  });

  return async (what, until) => {
    for (let attempts = 0; ; attempts++) {
      // Once an outcome is unknown, "cannot be reached, nothing was written" speaks of the repetition only.
      const answer = put(what).catch((error: unknown) => {
        if (attempts > 0 && error instanceof UserMetaError) return "unknown" as const;
        throw error;
      });
      const result = (await within(Math.max(until - performance.now(), 1), answer)) ?? "unknown";
      // Of the same version it is our own first attempt; else the same request came by another process.
      if (typeof result === "object" && attempts > 0 && result.duplicate.version === what.change.version)
        return isSame(result, what.change) ? "written" : result;
      if (result !== "unknown") return result;
      if (performance.now() > until)
        throw new UserMetaError("outcome_unknown", "the store did not say whether the write happened");
      await pause(attempts);
    }
  };
}

/** The answer, unless the write's own deadline comes first: it may have waited for others before. */
export async function inTime<T extends object>(answer: Promise<T>, until: number): Promise<T> {
  const result = await within(Math.max(until - performance.now(), 1), answer);
  if (result === undefined) throw unanswered();
  return result;
}

/** Waits for a random time that grows with each attempt, so that writers who collided do not meet again. */
export function pause(attempts: number): Promise<void> {
  return sleep(Math.random() * Math.min(2 ** attempts, 50));
}
