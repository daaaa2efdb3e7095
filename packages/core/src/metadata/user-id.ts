import { UserMetaError } from "../errors.ts";

const control = /\p{Cc}/u;

/**
 * Throws `invalid_user_id` unless the value is a user id: an opaque string of 1 to 255 UTF-8 bytes, well-formed, not
 * blank, without control characters, and not `.` or `..`, which no URL can carry. The same rule holds for a token's
 * `sub`, for paths, batches and code; stores compare ids byte for byte.
 */
export function checkUserId(value: unknown): asserts value is string {
  if (typeof value !== "string") throw refusal("a string");
  if (value.trim() === "" || value === "." || value === "..") throw refusal("neither blank nor . nor ..");
  if (!value.isWellFormed() || control.test(value)) throw refusal("well-formed text without control characters");
  if (value.length > 85 && new TextEncoder().encode(value).length > 255) throw refusal("at most 255 bytes of UTF-8");
}

const refusal = (rule: string): UserMetaError => new UserMetaError("invalid_user_id", `a user id must be ${rule}`);
