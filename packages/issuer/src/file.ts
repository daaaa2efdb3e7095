import { randomUUID } from "node:crypto";
import { link, open, readFile, realpath, rename, unlink } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { emitWarning } from "node:process";
import { invalidConfig, UserMetaError } from "@usermeta/core";
import { generateKey, type SigningAlgorithm, type SigningKey, type SigningKeys } from "./keys.ts";
import { type KeyStore, type RotationOptions, readRotation, rotatingKeys } from "./rotation.ts";
import { seal, unseal } from "./sealed.ts";

/** What {@link fileKeys} takes. */
export interface FileKeysOptions extends RotationOptions {
  /** At least 32 characters, e.g. of `openssl rand -base64 32`, from where the application keeps its secrets. */
  readonly passphrase: string | undefined;
  /**
   * Told when the file can no longer be read or replaced, at most once a minute; the keys that are there go on signing.
   * @default a warning of the process
   */
  readonly onError?: (error: unknown) => void;
}

/**
 * Keys in an encrypted file of this machine, made at the first start and replaced in turn. Any number of processes may share
 * the file. Removing it takes every token back: within a minute all processes sign with a new key.
 *
 * Throws `invalid_config` for a file that the passphrase does not open or that was damaged, and where none can be written.
 *
 * ```ts
 * const keys = await fileKeys("usermeta.keys", { passphrase: process.env.KEYS_PASSPHRASE });
 * ```
 */
export async function fileKeys(path: string, options: FileKeysOptions): Promise<SigningKeys> {
  if (typeof path !== "string" || path === "") throw invalidConfig('fileKeys takes a path, e.g. "usermeta.keys"');
  const rotation = readRotation("fileKeys", options, ["passphrase", "onError"]);
  const { passphrase, onError = warn } = options;
  if (typeof passphrase !== "string" || passphrase.length < 32)
    throw invalidConfig("`passphrase` must have at least 32 characters; is an environment variable missing?");
  if (typeof onError !== "function") throw invalidConfig("`onError` must be a function");
  const store = keyFile(await realpath(path).catch(() => resolve(path)), passphrase);
  try {
    await makeFirst(store, rotation.algorithm);
  } catch (cause) {
    if (cause instanceof UserMetaError) throw cause;
    throw invalidConfig(
      `${path} must be a file that this process may read and write, on a file system with links`,
      cause,
    );
  }
  return rotatingKeys(store, rotation, onError);
}

const warn = (error: unknown): void =>
  emitWarning(`the signing keys stay as they are: ${error instanceof Error ? error.message : "unknown error"}`, {
    type: "UserMetaWarning",
  });

/** At start, so that a passphrase that does not fit or a folder that is not there is not found out by a user. */
async function makeFirst(store: KeyStore, algorithm: SigningAlgorithm): Promise<void> {
  if ((await store.read()).length > 0) return;
  await store.replace([await generateKey(algorithm, Math.floor(Date.now() / 1000))]);
  if ((await store.read()).length === 0) throw new Error("the key file vanishes, or is a link that leads nowhere");
}

/** Keys in a file that is always whole: it is made and replaced by a finished one, and never written to. */
function keyFile(path: string, passphrase: string): KeyStore {
  let read: { readonly text: string | undefined; readonly keys: readonly SigningKey[] } = { text: undefined, keys: [] };
  return {
    async read() {
      const text = await readText(path);
      if (text !== read.text) read = { text, keys: text === undefined ? [] : await decrypt(text) };
      return read.keys;
    },
    async replace(next) {
      const expected = read.text;
      const text = await seal(next, passphrase);
      const draft = `${path}.${randomUUID()}`;
      try {
        await writeDurably(draft, text);
        // The first of several processes makes the file. Later two may still pass the comparison together, and the last
        // one's keys stay; no key of either signs before everybody has looked again. A lock could be left behind.
        if (expected === undefined) await link(draft, path);
        else if ((await readText(path)) === expected) await rename(draft, path);
        else return false;
      } catch (error) {
        if (codeOf(error) === "EEXIST") return false;
        throw error;
      } finally {
        await unlink(draft).catch(() => undefined); // a renamed one is gone already
      }
      await syncFolder(dirname(path));
      read = { text, keys: next };
      return true;
    },
  };

  async function decrypt(text: string): Promise<readonly SigningKey[]> {
    try {
      return await unseal(text, passphrase);
    } catch {
      // without its cause, which may quote what is inside
      throw invalidConfig(`${path} cannot be opened: another passphrase made it, it is damaged, or it is no key file`);
    }
  }
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Writes a new file, for this user's eyes only, and waits until it is on the disk. */
async function writeDurably(path: string, text: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a new name outlive a power cut, where folders can be opened: not on Windows. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path).catch(() => undefined);
  await folder?.sync().catch(() => undefined);
  await folder?.close();
}

const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;
