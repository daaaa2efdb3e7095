import { UserMetaError } from "../errors.ts";
import { etagOf, unknownEtag } from "./record.ts";
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
  /**
   * 1 to 255 visible ASCII characters. The same key, actor and request happen at most once within the user's last 256
   * changes; a request that changed nothing is not remembered. Functions count as one request: they cannot be compared.
   */
  readonly idempotencyKey?: string;
}

const control = /\p{Cc}/u;

const names = ["ifMatch", "ifAbsent", "seen", "actor", "reason", "requestId", "idempotencyKey"];

/** Throws `invalid_request` for options that do not exist, and for what the change log could not keep as it is. */
export function checkWriteOptions(options: WriteOptions = {}): void {
  const { ifMatch, ifAbsent, actor, reason, requestId, idempotencyKey } = options;
  const stray = Object.keys(options).find((name) => !names.includes(name));
  if (stray !== undefined) throw refusal(`a write has no option "${stray}"; it has ${names.join(", ")}`);
  if (ifAbsent !== undefined && typeof ifAbsent !== "boolean") throw refusal("ifAbsent must be true or false");
  if (ifMatch !== undefined && ![ifMatch].flat().every((etag) => typeof etag === "string"))
    throw refusal("ifMatch must be an ETag, or a list of them");
  for (const [name, text, most] of [
    ["actor", actor, 300],
    ["reason", reason, 200],
    ["requestId", requestId, 200],
  ] as const)
    if (
      text !== undefined &&
      !(typeof text === "string" && text.length <= most && text.isWellFormed() && !control.test(text))
    )
      throw refusal(`${name} must be at most ${most} characters of plain text`);
  if (
    idempotencyKey !== undefined &&
    !(typeof idempotencyKey === "string" && /^[\x21-\x7e]{1,255}$/.test(idempotencyKey))
  )
    throw refusal("an idempotency key must be 1 to 255 visible ASCII characters");
}

const refusal = (message: string): UserMetaError => new UserMetaError("invalid_request", message);

/** Throws `version_conflict` unless the record is at one of the versions that `ifMatch` names (RFC 9110 section 13.1.1). */
export function checkIfMatch(current: StoredRecord, { ifMatch, seen }: WriteOptions): void {
  if (ifMatch === undefined) return;
  const etag = etagOf(current, seen);
  const matches = ifMatch === "*" ? etag !== unknownEtag : [ifMatch].flat().includes(etag);
  if (!matches) throw new UserMetaError("version_conflict", "the record is not at the version that If-Match names");
}

/** Throws `version_conflict` when `ifAbsent` is set and one of the scopes to write was written before. */
export function checkAbsent(current: StoredRecord, written: readonly Scope[], { ifAbsent }: WriteOptions): void {
  if (ifAbsent === true && written.some((scope) => current[scope].version > 0))
    throw new UserMetaError("version_conflict", "the scope has been written before");
}
