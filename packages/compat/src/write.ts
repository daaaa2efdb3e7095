import { type Edit, type Records, type StoredRecord, UserMetaError } from "@usermeta/core";

/** The first of the vendors' clients, supertokens-python, gives up after 30 seconds. */
const patienceMs = 25_000;
const maxFaults = 2;

/**
 * Writes once, and goes on trying longer than an application's deadline allows: the vendors' clients never repeat a
 * request, because their servers wait (SuperTokens' core for up to 50 rounds). Others may come first for 25 seconds; a store
 * that does not answer is asked two times more. An idempotency key keeps all that one write.
 */
export async function write(records: Records, userId: string, edit: Edit, actor: string): Promise<StoredRecord> {
  const options = { actor, idempotencyKey: crypto.randomUUID() };
  const until = performance.now() + patienceMs;
  for (let faults = 0; ; )
    try {
      return (await records.write(userId, edit, options)).record;
    } catch (error) {
      const code = error instanceof UserMetaError ? error.code : undefined;
      const isFault = code === "store_unavailable" || code === "outcome_unknown";
      if (isFault) faults++;
      if ((!isFault && code !== "write_contention") || faults > maxFaults || performance.now() > until) throw error;
    }
}
