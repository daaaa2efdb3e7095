import { keyring } from "@usermeta/core/routes";

/** Shorter ones are placeholders: the vendors' own keys have 20 characters and more. */
const shortest = 16;

/**
 * Whether a key is one of the configured ones, by the options they came from. `false` in their place lets everybody in, and
 * has to be written out. Throws `invalid_config` at once for no key and for short ones, and `too_many_attempts` after 100
 * wrong ones within a minute.
 */
export function keyCheck(keys: false | Readonly<Record<string, string | undefined>>): (given: string) => boolean {
  if (keys === false) return () => true;
  const nameOf = keyring("key", keys, shortest);
  return (given) => nameOf(given) !== undefined;
}
