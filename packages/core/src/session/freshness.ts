import { UserMetaError } from "../errors.ts";
import type { JsonObject } from "../metadata/json.ts";
import { etagOf, ownScopes } from "../metadata/record.ts";
import type { StoredRecord } from "../metadata/store.ts";

/** What `mv` says of a record: the ETag of the user's own routes, without its quotes. */
export const metadataVersion = (record: StoredRecord): string => etagOf(record, ownScopes).slice(1, -1);

/**
 * Throws `token_stale` when the token was made before the last change to `public` or `unsafe`. Our own tokens say by `mv`
 * what they were made from; of another issuer's only the time `iat` is known, in seconds, so that one from the very
 * second of the change counts as older.
 */
export function checkFresh({ mv, iat }: JsonObject, record: StoredRecord): void {
  const changedAt = Math.max(...ownScopes.map((scope) => record[scope].updatedAt));
  const isFresh =
    typeof mv === "string"
      ? isCurrent(mv, metadataVersion(record))
      : typeof iat === "number" && iat * 1000 >= changedAt;
  if (!isFresh) throw new UserMetaError("token_stale", "the user's metadata has changed since; refresh the session");
}

/** The same state, or a later one of the same record: a cached record may be behind the token. */
function isCurrent(mv: string, current: string): boolean {
  if (mv === current) return true;
  const [incarnation, version] = mv.split(".");
  const [expected, least] = current.split(".");
  return incarnation === expected && Number(version) > Number(least);
}
