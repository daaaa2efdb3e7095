import { createHash, timingSafeEqual } from "node:crypto";
import { invalidConfig, UserMetaError } from "../errors.ts";
import type { SessionRequest } from "../http.ts";
import { readCredentials } from "../session/credentials.ts";

/** Authorizes the admin routes by a key; made by {@link adminKey}. */
export interface AdminKey {
  /** Who the request's key belongs to. Throws `session_required`, `invalid_request`, `admin_key_invalid` or `too_many_attempts`. */
  readonly check: (request: SessionRequest) => { readonly actor: string };
}

const attemptsPerWindow = 100;
const windowMs = 60_000;
/** What a header delivers as it is: proxies join lines at commas, and trim blanks. */
const carriable = /^[!-+\--~](?:[ -+\--~]*[!-+\--~])?$/;

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
  const known = Object.entries(keys ?? {}).map(([name, key]) => {
    if (typeof key !== "string" || key.length < 32 || !carriable.test(key))
      throw invalidConfig(
        `the admin key "${name}" must have at least 32 characters of ASCII without commas; make one with: openssl rand -hex 32`,
      );
    if (name === "" || name.length > 100) throw invalidConfig("an admin key needs a name of 1 to 100 characters");
    return { actor: `key:${name}`, digest: digest(key) };
  });
  if (known.length === 0) throw invalidConfig("adminKey needs at least one key, e.g. { ops: process.env.ADMIN_KEY }");
  let opened = 0;
  let wrong = 0;

  return {
    check: (request) => {
      const credentials = readCredentials(request, undefined);
      if (credentials === undefined) throw new UserMetaError("session_required", "an admin key is required");
      const given = digest(credentials.token);
      // Digests have one length, and every key is compared, so that time tells nothing (CWE-208).
      const found = known.filter((one) => timingSafeEqual(one.digest, given))[0];
      if (found !== undefined) return { actor: found.actor };
      const now = performance.now();
      if (now - opened > windowMs) [opened, wrong] = [now, 0];
      if (++wrong > attemptsPerWindow)
        throw new UserMetaError("too_many_attempts", "too many wrong keys came within a minute", {
          headers: { "retry-after": String(Math.ceil((opened + windowMs - now) / 1000)) },
        });
      throw new UserMetaError("admin_key_invalid", "the admin key is not one of the configured ones");
    },
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
