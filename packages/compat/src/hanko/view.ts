import type { Scope, StoredRecord } from "@usermeta/core";
import { stringify } from "@usermeta/core/routes";

/** Go's zero time: what a user has whom nobody wrote about. */
const never = "0001-01-01T00:00:00Z";

/** The scopes that have something in them, as Hanko names them; `undefined` when none has. */
export function metadataText(record: StoredRecord, seen: readonly Scope[]): string | undefined {
  const members = seen
    .filter((scope) => record[scope].json !== "{}")
    .map((scope) => `"${scope}_metadata":${record[scope].json}`);
  return members.length === 0 ? undefined : `{${members.join(",")}}`;
}

/** The members that every answer about a user has, by what may be seen of its record. */
function commonText(record: StoredRecord, seen: readonly Scope[]): string {
  const metadata = metadataText(record, seen);
  const time = Math.max(...seen.map((scope) => record[scope].updatedAt));
  const [createdAt, updatedAt] =
    time === 0 ? [never, never] : [record.createdAt, time].map((at) => new Date(at).toISOString());
  return `"created_at":"${createdAt}","updated_at":"${updatedAt}"${metadata === undefined ? "" : `,"metadata":${metadata}`}`;
}

/** A user as the admin API shows one. */
export function userText(record: StoredRecord): string {
  return `{"id":${stringify(record.userId)},${commonText(record, ["public", "private", "unsafe"])}}`;
}

const mfaConfig = '{"auth_app_set_up":false,"totp_enabled":false,"security_keys_enabled":false}';

/** What users see of themselves: never `private`, not even the time of a write to it. */
export function profileText(record: StoredRecord): string {
  const id = stringify(record.userId);
  return `{"id":${id},"user_id":${id},"mfa_config":${mfaConfig},${commonText(record, ["public", "unsafe"])}}`;
}
