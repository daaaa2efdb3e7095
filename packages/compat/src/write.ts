import { type Edit, type Records, UserMetaError, type Written } from "@usermeta/core";

const attempts = 5;

/**
 * Writes, and writes again when others came first for as long as the deadline allows: the vendors' clients do not repeat a
 * request themselves, because their servers wait (SuperTokens' core for up to 50 rounds).
 */
export async function write(records: Records, userId: string, edit: Edit, actor: string): Promise<Written["record"]> {
  for (let attempt = 1; ; attempt++)
    try {
      return (await records.write(userId, edit, { actor })).record;
    } catch (error) {
      if (attempt === attempts || !isUnwritten(error)) throw error;
    }
}

/** Whether nothing was written, and may be with the next attempt. */
const isUnwritten = (error: unknown): boolean =>
  error instanceof UserMetaError && (error.code === "write_contention" || error.code === "store_unavailable");
