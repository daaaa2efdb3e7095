import type { ErrorCode } from "@usermeta/core";

/**
 * What went wrong: the server's own code, or one of the client's:
 * - `"network"`: neither the server nor the `token` function could be reached, retries included
 * - `"already_set"`: `signUp` found unsafe metadata that was written before
 * - `"unexpected_answer"`: whatever is at `url` is not usermeta
 */
export type ClientErrorCode = ErrorCode | "network" | "already_set" | "unexpected_answer";

/** What an error says beside its code. */
export interface ClientErrorParts {
  /** HTTP status; 0 when there was no answer. */
  readonly status?: number;
  readonly pointer?: string | undefined;
  readonly cause?: unknown;
}

/**
 * The one error of the client.
 *
 * ```ts
 * try { await client.update({ unsafe: { theme } }) }
 * catch (error) { if (error instanceof UserMetaClientError && error.code === "scope_too_large") … }
 * ```
 */
export class UserMetaClientError extends Error {
  override readonly name = "UserMetaClientError";
  /** The stable code; the server's are listed in docs/errors.md. */
  readonly code: ClientErrorCode;
  /** What was wrong and what would be right, in English. The same as `message`. */
  readonly detail: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  /** JSON Pointer (RFC 6901) to the part of the input that is at fault, e.g. `"/unsafe/theme"`. */
  readonly pointer: string | undefined;

  constructor(code: ClientErrorCode, detail: string, { status = 0, pointer, cause }: ClientErrorParts = {}) {
    super(detail, { cause });
    this.code = code;
    this.detail = detail;
    this.status = status;
    this.pointer = pointer;
  }
}
