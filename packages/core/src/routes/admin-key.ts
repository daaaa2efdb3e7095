import { UserMetaError } from "../errors.ts";
import type { SessionRequest } from "../http.ts";
import { readCredentials } from "../session/credentials.ts";
import { keyring } from "./keyring.ts";

/** Authorizes the admin routes by a key; made by {@link adminKey}. */
export interface AdminKey {
  /** Who the request's key belongs to. Throws `session_required`, `invalid_request`, `admin_key_invalid` or `too_many_attempts`. */
  readonly check: (request: SessionRequest) => { readonly actor: string };
}

/**
 * Keys for `adminRoutes`, sent as `Authorization: Bearer <key>`. Each has a name, which the change log shows as
 * `key:<name>`; give a new key beside the old one to rotate. After 100 wrong keys within 60 seconds wrong keys get
 * `too_many_attempts`; a right key always passes. Throws `invalid_config` for keys under 32 characters.
 *
 * ```ts
 * adminRoutes(meta, { authorize: adminKey({ ops: process.env.ADMIN_KEY }) })
 * ```
 */
export function adminKey(keys: Readonly<Record<string, string | undefined>>): AdminKey {
  const nameOf = keyring("admin key", keys, 32);
  return {
    check: (request) => {
      const credentials = readCredentials(request, undefined);
      if (credentials === undefined) throw new UserMetaError("session_required", "an admin key is required");
      const name = nameOf(credentials.token);
      if (name !== undefined) return { actor: `key:${name}` };
      throw new UserMetaError("admin_key_invalid", "the admin key is not one of the configured ones");
    },
  };
}
