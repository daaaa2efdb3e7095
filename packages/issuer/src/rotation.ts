import { checkOptions, invalidConfig, UserMetaError } from "@usermeta/core";
import { generateKey, type SigningAlgorithm, type SigningKey, type SigningKeys, signingAlgorithms } from "./keys.ts";

/** How keys are made and replaced. All times are seconds. */
export interface RotationOptions {
  /** Of new keys; those that are there stay in use until their turn is over. @default "ES256" */
  readonly algorithm?: SigningAlgorithm;
  /** How long a key signs before the next one does. @default 2592000 (30 days) */
  readonly rotateEvery?: number;
  /**
   * How long a key is published before it signs: more than a verifier and the caches on its way keep a key set.
   * `jwtVerifier` keeps one for 600, and answers of the key set's route may be kept for 600. @default 3600
   */
  readonly publishAhead?: number;
  /** How long a key stays published after its last token has ended, for verifiers whose clocks are behind. @default 60 */
  readonly clockTolerance?: number;
}

/** Rotation with its defaults. */
export type Rotation = Required<RotationOptions>;

const known = ["algorithm", "rotateEvery", "publishAhead", "clockTolerance"] as const;

/** Fills in the defaults. Throws `invalid_config`. */
export function readRotation(what: string, options: RotationOptions, more: readonly string[] = []): Rotation {
  checkOptions(what, options, [...known, ...more]);
  const { algorithm = "ES256", rotateEvery = 2_592_000, publishAhead = 3600, clockTolerance = 60 } = options;
  if (!signingAlgorithms.includes(algorithm))
    throw invalidConfig(`\`algorithm\` must be one of ${signingAlgorithms.join(", ")}`);
  if (!(Number.isSafeInteger(publishAhead) && publishAhead >= 1))
    throw invalidConfig("`publishAhead` must be a whole number of seconds, e.g. 3600");
  if (!(Number.isSafeInteger(rotateEvery) && rotateEvery > publishAhead))
    throw invalidConfig("`rotateEvery` must be a whole number of seconds above `publishAhead`, e.g. 2592000");
  if (!(Number.isSafeInteger(clockTolerance) && clockTolerance >= 0 && clockTolerance <= 600))
    throw invalidConfig("`clockTolerance` must be 0 to 600 seconds");
  return { algorithm, rotateEvery, publishAhead, clockTolerance };
}

/** Where keys are kept. */
export interface KeyStore {
  /** Those that are kept, oldest first; none before the first start. Called often: reading what has not changed is cheap. */
  read(): Promise<readonly SigningKey[]>;
  /** Keeps `next` instead of what `read` returned last; false, and nothing done, when that is not what is kept now. */
  replace(next: readonly SigningKey[]): Promise<boolean>;
}

/**
 * Keys that take turns. The schedule is part of the keys: whoever has read them knows which one signs at what time, so that
 * processes that share a store change over together without a word between them. A new key waits for `publishAhead`, and
 * every process looks four times in that while: one whose key came second in a race has long dropped it when it would sign.
 *
 * @param onError told of a failure to read or replace keys when there are some to go on with
 */
export function rotatingKeys(store: KeyStore, rotation: Rotation, onError: (error: unknown) => void): SigningKeys {
  const { publishAhead, clockTolerance } = rotation;
  const pause = Math.min(60, publishAhead / 4);
  let keys: readonly SigningKey[] = [];
  let lookedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  const look = async (now: number, lifetime: number): Promise<void> => {
    try {
      keys = await renew(store, rotation, now, lifetime);
    } catch (error) {
      if (keys.length === 0)
        throw new UserMetaError("keys_unavailable", "the signing keys cannot be read", { cause: error });
      onError(error);
    } finally {
      lookedAt = now;
      looking = undefined;
    }
  };
  return async (now, lifetime) => {
    if (keys.length === 0 || Math.abs(now - lookedAt) >= pause) {
      looking ??= look(now, lifetime);
      await looking;
    }
    const alive = keys.filter((key) => isAlive(key, now - clockTolerance));
    const signer = alive.findLast(({ notBefore }) => notBefore <= now) ?? alive[0]; // the clock was put back
    return { signer: signer as SigningKey, published: alive.map(({ publicJwk }) => publicJwk) };
  };
}

/** The kept keys, after adding the next one when its time has come. */
async function renew(
  store: KeyStore,
  rotation: Rotation,
  now: number,
  lifetime: number,
): Promise<readonly SigningKey[]> {
  for (let tries = 0; tries < 10; tries++) {
    const kept = await store.read();
    const next = await rotated(kept, rotation, now, lifetime);
    if (next === kept || (await store.replace(next))) return next;
  }
  throw new Error("the keys are being replaced by others all the time");
}

/** The same keys, or those alive and one more. */
async function rotated(
  keys: readonly SigningKey[],
  { algorithm, rotateEvery, publishAhead, clockTolerance }: Rotation,
  now: number,
  lifetime: number,
): Promise<readonly SigningKey[]> {
  const last = keys.at(-1);
  if (last === undefined) return [await generateKey(algorithm, now)];
  const turn = last.notBefore + rotateEvery;
  const isOther = last.alg !== algorithm && last.notBefore <= now;
  if (turn - publishAhead > now && !isOther) return keys;
  const notBefore = isOther ? now + publishAhead : Math.max(turn, now + publishAhead);
  const retiring = { ...last, notAfter: notBefore + lifetime };
  const alive = keys.slice(0, -1).filter((key) => isAlive(key, now - clockTolerance));
  return [...alive, retiring, await generateKey(algorithm, notBefore)];
}

/** Whether a token of the key may be alive. The last one has no end yet. */
const isAlive = ({ notAfter = Number.POSITIVE_INFINITY }: SigningKey, now: number): boolean => notAfter > now;
