import { UserMetaError } from "../errors.ts";
import { type AnyDocuments, etagOf, unknownEtag } from "./record.ts";
import type { Scope, StoredRecord } from "./store.ts";

/** What every write can be given. */
export interface WriteOptions {
  /**
   * Write only if the record's ETag is this one, or one of these; `"*"`: only if it was ever written. Checked again on
   * each retry; else `version_conflict`.
   */
  readonly ifMatch?: string | readonly string[];
  /** Write only if none of the scopes that are written was ever written before; else `version_conflict`. */
  readonly ifAbsent?: boolean;
  /** The scopes that `ifMatch` speaks about, for callers who see only some of them. @default all three */
  readonly seen?: readonly Scope[];
  /** Who writes, for the change log; at most 300 characters. @default "server" */
  readonly actor?: string;
  /** Why, for the change log; at most 200 characters. */
  readonly reason?: string;
  /** The request this write belongs to, for the change log; at most 200 characters. */
  readonly requestId?: string;
  /** 1 to 255 visible ASCII characters. The same key, actor and request happen at most once within the user's last 256 changes. */
  readonly idempotencyKey?: string;
}

const control = /\p{Cc}/u;

/** Throws `invalid_request` for options that the change log could not keep as they are. */
export function checkWriteOptions({ actor, reason, requestId, idempotencyKey }: WriteOptions = {}): void {
  for (const [name, text, most] of [
    ["actor", actor, 300],
    ["reason", reason, 200],
    ["requestId", requestId, 200],
  ] as const)
    if (text !== undefined && (text.length > most || !text.isWellFormed() || control.test(text)))
      throw new UserMetaError("invalid_request", `${name} must be at most ${most} characters of plain text`);
  if (idempotencyKey !== undefined && !/^[\x21-\x7e]{1,255}$/.test(idempotencyKey))
    throw new UserMetaError("invalid_request", "an idempotency key must be 1 to 255 visible ASCII characters");
}

/** Throws `version_conflict` unless the record is at one of the versions that `ifMatch` names (RFC 9110 section 13.1.1). */
export function checkIfMatch(current: StoredRecord, { ifMatch, seen }: WriteOptions): void {
  if (ifMatch === undefined) return;
  const etag = etagOf(current, seen);
  const matches = ifMatch === "*" ? etag !== unknownEtag : [ifMatch].flat().includes(etag);
  if (!matches) throw new UserMetaError("version_conflict", "the record is not at the version that If-Match names");
}

/** Throws `version_conflict` when `ifAbsent` is set and one of the scopes to write was written before. */
export function checkAbsent(current: StoredRecord, result: Partial<AnyDocuments>, { ifAbsent }: WriteOptions): void {
  if (ifAbsent === true && Object.keys(result).some((scope) => current[scope as Scope].version > 0))
    throw new UserMetaError("version_conflict", "the scope has been written before");
}
