/** The stable name of an error. A code never changes its meaning. */
export type ErrorCode =
  | "invalid_request"
  | "invalid_user_id"
  | "invalid_json"
  | "duplicate_key"
  | "forbidden_key"
  | "invalid_number"
  | "invalid_string"
  | "too_deep"
  | "key_too_long"
  | "not_an_object"
  | "unknown_member"
  | "scope_forbidden"
  | "invalid_value"
  | "invalid_patch"
  | "invalid_query"
  | "invalid_cursor"
  | "unindexed_path"
  | "session_required"
  | "invalid_token"
  | "token_expired"
  | "token_stale"
  | "admin_key_invalid"
  | "insufficient_scope"
  | "requirement_failed"
  | "origin_forbidden"
  | "admin_forbidden"
  | "not_found"
  | "method_not_allowed"
  | "patch_test_failed"
  | "change_not_revertible"
  | "version_conflict"
  | "body_too_large"
  | "unsupported_media_type"
  | "scope_too_large"
  | "schema_mismatch"
  | "idempotency_key_reused"
  | "claims_too_large"
  | "too_many_attempts"
  | "no_guard"
  | "internal"
  | "not_supported"
  | "store_unavailable"
  | "outcome_unknown"
  | "write_contention"
  | "keys_unavailable"
  | "invalid_config";

/**
 * Every error there is: its HTTP status, its fixed title (RFC 9457 `title`) and what to do about it.
 * `docs/errors.md` is generated from this table.
 */
export const errorTable: Readonly<Record<ErrorCode, readonly [status: number, title: string, help: string]>> = {
  invalid_request: [400, "The request is malformed", "Mend the header or body that `detail` names."],
  invalid_user_id: [
    400,
    "The user id is not valid",
    "Use 1 to 255 UTF-8 bytes, well-formed, not blank, without control characters, and not `.` or `..`.",
  ],
  invalid_json: [400, "The body is not valid JSON", "Send one JSON text (RFC 8259) in UTF-8."],
  duplicate_key: [400, "An object names the same key twice", "Send every key once (RFC 7493 section 2.3)."],
  forbidden_key: [
    400,
    "A key is not allowed",
    "Rename the key: `__proto__`, and `constructor` holding `prototype`, are refused.",
  ],
  invalid_number: [
    400,
    "A number cannot be kept exactly",
    "Send numbers that JavaScript writes back unchanged; send larger or finer ones as strings (RFC 7493 section 2.2).",
  ],
  invalid_string: [
    400,
    "A string cannot be kept exactly",
    "Remove NUL characters and unpaired surrogates (RFC 7493 section 2.1).",
  ],
  too_deep: [400, "The value is nested too deeply", "Flatten the value, or raise `limits.depth`."],
  key_too_long: [400, "A key is too long", "Use keys of at most 1,024 characters."],
  not_an_object: [
    400,
    "A JSON object is required here",
    "Send an object; to empty a scope, clear it or replace it with `{}`.",
  ],
  unknown_member: [400, "The body names something that does not exist", "Name only scopes that this route can write."],
  scope_forbidden: [
    400,
    "This route cannot write that scope",
    "Users write `unsafe` only; write `public` and `private` from the server or through the admin routes.",
  ],
  invalid_value: [
    400,
    "A value is not JSON data",
    "Pass plain JSON values: no NaN, Infinity, bigint, Date, class instance, cycle or hole.",
  ],
  invalid_patch: [
    400,
    "The JSON Patch cannot be applied",
    "Send an array of at most 100 RFC 6902 operations whose paths exist and begin with a scope.",
  ],
  invalid_query: [400, "The query is not valid", "See the documentation of `where` and `limit`."],
  invalid_cursor: [400, "The cursor is not valid", "Pass `next` of the previous page unchanged, with the same query."],
  unindexed_path: [
    400,
    "There is no index for that path",
    "Declare the path in the store's `indexes`; nothing is ever searched by a scan.",
  ],
  session_required: [401, "A session is required", "Send `Authorization: Bearer <token>` or the session cookie."],
  invalid_token: [401, "The session token is not valid", "Sign in again."],
  token_expired: [401, "The session token has expired", "Refresh the session and try again."],
  token_stale: [401, "The session token is older than the metadata", "Refresh the session and try again."],
  admin_key_invalid: [401, "The admin key is not valid", "Send `Authorization: Bearer <admin key>`."],
  insufficient_scope: [403, "The session lacks a scope", "Ask for the scopes that `WWW-Authenticate` names."],
  requirement_failed: [403, "The session does not meet a requirement", "Ask whoever runs the application for access."],
  origin_forbidden: [
    403,
    "The request comes from another site",
    "Send writes on a cookie session from an origin listed in `origins`.",
  ],
  admin_forbidden: [403, "The session may not use the admin routes", "Sign in as somebody whom `authorize` accepts."],
  not_found: [404, "There is nothing here", "Check the path and the id."],
  method_not_allowed: [405, "The method is not allowed here", "Use one of the methods that `Allow` names."],
  patch_test_failed: [
    409,
    "A test operation of the JSON Patch failed",
    "Read the record again and make a new patch (RFC 6902 section 4.6).",
  ],
  change_not_revertible: [
    409,
    "The change cannot be reverted",
    "It was changed again since, is masked, or was too large to keep its values; write the wanted values instead.",
  ],
  version_conflict: [
    412,
    "The record has changed",
    "Read the record again, and repeat the write with its new ETag (RFC 9110 section 13.1.1).",
  ],
  body_too_large: [413, "The body is too large", "Send at most `limits.bodyBytes` (64 KiB by default)."],
  unsupported_media_type: [
    415,
    "The media type is not supported",
    "Use one that `Accept-Patch` or `Accept` names, in UTF-8 and without content coding.",
  ],
  scope_too_large: [
    422,
    "The scope would become too large",
    "Keep each scope within `limits.characters` (3,000 by default) of compact JSON.",
  ],
  schema_mismatch: [
    422,
    "The scope would not match its schema",
    "Send values that the application's schema accepts; `pointer` names the first that it does not.",
  ],
  idempotency_key_reused: [
    422,
    "The idempotency key belongs to another request",
    "Use a new key for every new request.",
  ],
  claims_too_large: [422, "The token's claims are too large", "Take the largest claim out of the template."],
  too_many_attempts: [429, "Too many wrong keys", "Wait for the seconds that `Retry-After` names."],
  no_guard: [
    500,
    "No guard ran for this request",
    "Put `verifySession` in front of the handler that asks for the session.",
  ],
  internal: [500, "Something went wrong on the server", "Look for the cause in the server's log."],
  not_supported: [501, "This cannot be done here", "Use a store or a platform that can."],
  store_unavailable: [
    503,
    "The store cannot be reached",
    "Try again after `Retry-After` seconds; nothing was written.",
  ],
  outcome_unknown: [
    503,
    "It is not known whether the write happened",
    "Repeat it with the same `Idempotency-Key`: it happens at most once.",
  ],
  write_contention: [
    503,
    "Too many writes to this record at once",
    "Try again after `Retry-After` seconds; nothing was written.",
  ],
  keys_unavailable: [
    503,
    "The session issuer's keys cannot be reached",
    "Try again after `Retry-After` seconds; the session may still be good.",
  ],
  invalid_config: [500, "The configuration is not valid", "Change what the message names; it is thrown at start only."],
};

/** What an error says beside its code. */
export interface ErrorOptionsOf {
  /** JSON Pointer (RFC 6901) to the part of the input that is at fault, e.g. `"/unsafe/theme"`. */
  readonly pointer?: string;
  /** Response headers that belong to the error, e.g. `{ allow: "GET" }`. Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** The error behind this one. Never sent to a client. */
  readonly cause?: unknown;
}

const brand = Symbol.for("usermeta.error");

/**
 * The one error that usermeta throws on purpose. Anything else is a bug or a failing dependency.
 *
 * ```ts
 * try { await meta.update(id, changes, { ifMatch }) }
 * catch (error) { if (error instanceof UserMetaError && error.code === "version_conflict") … }
 * ```
 */
export class UserMetaError extends Error {
  /** Also for an error of another copy of this module: bundlers such as Next.js' put one into each bundle. */
  static override [Symbol.hasInstance](value: unknown): value is UserMetaError {
    return typeof value === "object" && value !== null && brand in value;
  }

  override readonly name = "UserMetaError";
  /** The stable code; see `docs/errors.md`. */
  readonly code: ErrorCode;
  /** The HTTP status the code stands for. */
  readonly status: number;
  readonly pointer: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;

  /** @param message what was wrong and what would be right. It reaches clients as `detail`: never put input into it. */
  constructor(code: ErrorCode, message: string, { pointer, headers, cause }: ErrorOptionsOf = {}) {
    super(message, cause === undefined ? undefined : { cause });
    Object.defineProperty(this, brand, { value: true });
    this.code = code;
    this.status = errorTable[code][0];
    this.pointer = pointer;
    this.headers = headers;
  }
}

/** `invalid_config`: thrown while the application starts, so that bad configuration never serves a request. */
export function invalidConfig(message: string, cause?: unknown): UserMetaError {
  return new UserMetaError("invalid_config", message, { cause });
}

/**
 * Throws `invalid_config` unless the options are an object of known names: a misspelt option would be a check that never
 * happens.
 */
export function checkOptions(what: string, options: unknown, known: readonly string[]): asserts options is object {
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw invalidConfig(`${what} takes an object of options`);
  const stray = Object.keys(options).find((name) => !known.includes(name));
  if (stray !== undefined) throw invalidConfig(`${what} has no option "${stray}"; it has ${known.join(", ")}`);
}
