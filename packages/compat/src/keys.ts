import { invalidConfig } from "@usermeta/core";
import { keyring } from "@usermeta/core/routes";

/** Shorter ones are placeholders: the vendors' own keys have 20 characters and more. */
const shortest = 16;

/**
 * Whether a key is one of the configured ones. `false` in their place lets everybody in, and has to be written out.
 * Throws `invalid_config` at once for no key and for short ones, `too_many_attempts` after 100 wrong ones within a minute.
 */
export function keyCheck(option: string, keys: false | readonly (string | undefined)[]): (given: string) => boolean {
  if (keys === false) return () => true;
  if (!Array.isArray(keys)) throw invalidConfig(`${option} must be given; false lets everybody in`);
  const nameOf = keyring(option, Object.fromEntries(keys.map((key, i) => [String(i + 1), key])), shortest);
  return (given) => nameOf(given) !== undefined;
}
