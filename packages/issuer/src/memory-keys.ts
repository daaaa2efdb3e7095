import type { SigningKey, SigningKeys } from "./keys.ts";
import { type RotationOptions, readRotation, rotatingKeys } from "./rotation.ts";

/**
 * Keys that live and end with this process, for trying things out and for tests: after a restart everybody's token is
 * refused until it is renewed, and a second process has other keys. Throws `invalid_config`.
 */
export function memoryKeys(options: RotationOptions = {}): SigningKeys {
  let kept: readonly SigningKey[] = [];
  const store = {
    read: () => Promise.resolve(kept),
    replace: (next: readonly SigningKey[]) => {
      kept = next;
      return Promise.resolve(true);
    },
  };
  return rotatingKeys(store, readRotation("memoryKeys", options), () => undefined);
}
