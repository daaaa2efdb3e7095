import { invalidConfig, UserMetaError } from "../errors.ts";
import { isObject } from "../metadata/json.ts";
import { type KeySource, selectKey, usableKeys, type VerificationKey } from "./keys.ts";

const second = 1000;
/** How long a set is used without asking again. */
const maxAge = 600 * second;
/** How long a set is used while the issuer cannot be reached. */
const staleIfError = 24 * 3600 * second;
/** How long an unknown `kid` asks nobody after a success, or it would be a way to make us flood the issuer. */
const cooldown = 27 * second;
/** How long to wait after failures while there are keys: with the jitter, at most three requests in ten minutes. */
const [afterFailure, afterFailures] = [30 * second, 300 * second];
/** How long a request with a known key waits for an aged set to be renewed, before it goes on with that. */
const patience = 1 * second;
const timeout = 5 * second;
const maxBytes = 2 ** 20;

/** Finds out where the key set lies, each time before it is fetched and within the same five seconds; or brings it itself. */
export type KeySetLocator = (signal: AbortSignal) => Promise<string | URL | { readonly keys: readonly object[] }>;

/** Workers forbid that one request waits for the I/O of another; there each fetches for itself. */
const canShare = globalThis.navigator?.userAgent !== "Cloudflare-Workers";

/**
 * The key set behind a URL: fetched when first needed, by one request for all, kept for ten minutes, and for a day while
 * the issuer is down or answers nonsense. Throws `keys_unavailable` only when there is no set at all: a client that got
 * 401 instead would log its user out.
 *
 * @param now milliseconds that never jump, unlike the system's clock
 */
export function remoteKeys(
  address: URL | KeySetLocator,
  algorithms: readonly string[],
  now = (): number => performance.now(),
): KeySource {
  let keys: readonly VerificationKey[] = [];
  let fetchedAt = Number.NEGATIVE_INFINITY;
  let nextFetch = Number.NEGATIVE_INFINITY;
  let failures = 0;
  let failure: unknown;
  let running: { readonly done: Promise<void>; readonly patience: Promise<void> } | undefined;

  const age = (): number => now() - fetchedAt;
  const find = (alg: string, kid: string | undefined): VerificationKey | undefined =>
    age() < staleIfError ? selectKey(keys, alg, kid) : undefined;

  const fetchAll = async (): Promise<void> => {
    try {
      const known = keys;
      // A key that stays is the same object, so that what it verified stays good and it is imported once.
      keys = (await fetchKeys(address, algorithms)).map((key) => known.find((other) => isEqual(key, other)) ?? key);
      [fetchedAt, failures, failure] = [now(), 0, undefined];
    } catch (cause) {
      failures++;
      failure = cause;
    }
    nextFetch = now() + pause(failures, age() < staleIfError);
    running = undefined;
  };
  /** Whether the issuer, which did not answer, is not asked again yet. */
  const isPausing = (): boolean => running === undefined && now() < nextFetch;
  const refresh = (): typeof running => {
    if (running !== undefined && canShare) return running;
    if (now() < nextFetch) return undefined;
    const done = fetchAll();
    running = { done, patience: Promise.race([done, sleep(patience)]) };
    return running;
  };

  const ask = async (alg: string, kid: string | undefined, isKnown: boolean): Promise<VerificationKey | undefined> => {
    const fetching = refresh();
    await (isKnown ? fetching?.patience : fetching?.done);
    if (age() >= staleIfError)
      throw new UserMetaError("keys_unavailable", "the session may still be good; try again", { cause: failure });
    return find(alg, kid);
  };

  return {
    find: (alg, kid) => {
      const key = find(alg, kid);
      if (key !== undefined && age() < maxAge) return key;
      const isCurrent = key === undefined ? age() < staleIfError && isPausing() : isPausing();
      return isCurrent ? key : () => ask(alg, kid, key !== undefined);
    },
  };
}

const isEqual = (one: VerificationKey, other: VerificationKey): boolean =>
  one.kid === other.kid && one.alg === other.alg && one.named === other.named && one.numbers === other.numbers;

/** Milliseconds until the next request to the issuer, with up to a tenth more so that processes drift apart. */
function pause(failures: number, hasKeys: boolean): number {
  const wait = failures === 0 ? cooldown : failures === 1 ? afterFailure : afterFailures;
  const withoutKeys = Math.min(2 ** failures * 0.5 * second, afterFailure); // nothing works until they are there
  return (hasKeys ? wait : withoutKeys) * (1 + Math.random() / 10);
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    const timer: { unref?(): unknown } = setTimeout(resolve, milliseconds);
    timer.unref?.(); // keeps no process alive
  });
}

/** One request for the set; rejects unless it brings a key that can be used. */
async function fetchKeys(
  address: URL | KeySetLocator,
  algorithms: readonly string[],
): Promise<readonly VerificationKey[]> {
  const signal = AbortSignal.timeout(timeout);
  const found = address instanceof URL ? address : await address(signal);
  const isAddress = typeof found === "string" || found instanceof URL;
  const set: unknown = isAddress ? await fetchJson(keySetUrl(found), signal) : found;
  const { keys } = isObject(set) ? set : {};
  const usable = Array.isArray(keys) ? usableKeys(keys, algorithms) : [];
  if (usable.length === 0) throw new Error(`the key set holds no key that can verify ${algorithms.join(", ")}`);
  return usable;
}

/** Reads a document of the issuer's; rejects unless it is JSON of at most 1 MiB, found there and not elsewhere. */
export async function fetchJson(url: URL, signal: AbortSignal): Promise<unknown> {
  const response = await fetch(url, {
    headers: { accept: "application/jwk-set+json, application/json" },
    redirect: "manual", // refused by the status: Workers have no "error"
    signal,
  });
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error(`the issuer answered ${response.status} instead of 200`);
  }
  return JSON.parse(await readText(response));
}

async function readText({ body }: Response): Promise<string> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the issuer's document is larger than ${maxBytes} bytes`);
    text += utf8.decode(chunk, { stream: true });
  }
  return text + utf8.decode();
}

/** A configured address as a URL. Throws `invalid_config` unless nobody on the way can put in keys of his own. */
export function keySetUrl(address: string | URL, option = "jwks"): URL {
  if (!URL.canParse(String(address))) throw invalidConfig(`\`${option}\` must be a URL`);
  const url = new URL(address);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url.hostname)))
    throw invalidConfig(`\`${option}\` must be an https URL; http is for localhost only`);
  if (url.username !== "" || url.password !== "")
    throw invalidConfig(`the URL in \`${option}\` must not hold credentials`);
  return url;
}

const isLoopback = (host: string): boolean => /^(?:127\.\d+\.\d+\.\d+|\[::1\]|(?:.+\.)?localhost)$/.test(host);
