import { createHash, timingSafeEqual } from "node:crypto";
import { invalidConfig, UserMetaError } from "../errors.ts";

const attemptsPerWindow = 100;
const windowMs = 60_000;
/** What a header delivers as it is: proxies join lines at commas, and trim blanks. */
const carriable = /^[!-+\--~](?:[ -+\--~]*[!-+\--~])?$/;

/**
 * Secrets by their names, compared in constant time. The function returns the name of the one that it is given,
 * `undefined` for a wrong one, and throws `too_many_attempts` after 100 wrong ones within 60 seconds; a right one always
 * passes. Throws `invalid_config` for keys that are too short, and for none at all.
 *
 * @param what what a key is called in errors, e.g. `"admin key"`
 * @param shortest characters that a key must have
 */
export function keyring(
  what: string,
  keys: Readonly<Record<string, string | undefined>>,
  shortest: number,
): (given: string) => string | undefined {
  const known = Object.entries(keys ?? {}).map(([name, key]) => {
    if (typeof key !== "string" || key.length < shortest || !carriable.test(key))
      throw invalidConfig(
        `the ${what} "${name}" must have at least ${shortest} characters of ASCII without commas; make one with: openssl rand -hex 32`,
      );
    if (name === "" || name.length > 100) throw invalidConfig(`each ${what} needs a name of 1 to 100 characters`);
    return { name, digest: digest(key) };
  });
  if (known.length === 0) throw invalidConfig(`at least one ${what} is needed`);
  let opened = 0;
  let wrong = 0;

  return (given) => {
    const givenDigest = digest(given);
    // Digests have one length, and every key is compared, so that time tells nothing (CWE-208).
    const found = known.filter((one) => timingSafeEqual(one.digest, givenDigest))[0];
    if (found !== undefined) return found.name;
    const now = performance.now();
    if (now - opened > windowMs) [opened, wrong] = [now, 0];
    if (++wrong > attemptsPerWindow)
      throw new UserMetaError("too_many_attempts", "too many wrong keys came within a minute", {
        headers: { "retry-after": String(Math.ceil((opened + windowMs - now) / 1000)) },
      });
    return undefined;
  };
}

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
