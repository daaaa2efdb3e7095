import { errorTable, UserMetaError } from "../errors.ts";

const refusals = new Map<string, UserMetaError>();

/**
 * `invalid_token`: says which rule a token breaks, never what the token holds. Messages given before the signature is
 * verified must not speak of `exp`: an attacker learns nothing about a token that he did not get from the issuer.
 *
 * Without a cause it is one error for each message, because taking a stack trace is dearer than finding a bad token.
 */
export function invalidToken(message: string, cause?: unknown): UserMetaError {
  if (cause !== undefined) return new UserMetaError("invalid_token", message, { cause });
  const known = refusals.get(message) ?? new UserMetaError("invalid_token", message);
  refusals.set(message, known);
  return known;
}

/** A `WWW-Authenticate` challenge (RFC 6750 section 3) for the codes whose status alone does not call for one. */
export function challenge(error: "invalid_request" | "insufficient_scope", scope?: string): Record<string, string> {
  const attributes = `error="${error}", error_description="${errorTable[error][1]}"`;
  return {
    "www-authenticate": `Bearer realm="usermeta", ${attributes}${scope === undefined ? "" : `, scope="${scope}"`}`,
  };
}
