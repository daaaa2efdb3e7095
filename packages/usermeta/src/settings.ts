import { readFileSync } from "node:fs";
import { createUserMeta, invalidConfig, type MetadataStore, type UserMeta, UserMetaError } from "@usermeta/core";
import type { Command } from "commander";
import { loadConfig, type UserMetaConfig } from "./config.ts";
import { openStore } from "./store.ts";

/** The options that {@link storeOptions} gives a command. */
export interface StoreFlags {
  readonly store?: string;
  readonly namespace?: string;
  readonly index?: readonly string[];
  readonly config?: string;
}

/** Adds the options that say where metadata lives, the same for every command. */
export function storeOptions(command: Command): Command {
  return command
    .option("-s, --store <url>", "where metadata lives (default: sqlite:usermeta.db); also USERMETA_STORE[_FILE]")
    .option("--namespace <name>", "keeps several applications apart in one database")
    .option("--index <paths>", "paths that can be searched, e.g. public.plan,private.billing.customer", list)
    .option("-c, --config <file>", "configuration (default: usermeta.config.ts, where there is one)");
}

/** Reads an option's value as a list: `a,b`, or the option given twice. */
export function list(value: string, previous: readonly string[] = []): readonly string[] {
  return [...previous, ...value.split(",").map((part) => part.trim())];
}

/**
 * Opens what the options, the environment and the configuration name, in that order. The caller closes it.
 * Throws `invalid_config` and what the store throws.
 */
export async function openMeta(flags: StoreFlags): Promise<UserMeta> {
  return openConfigured(flags, await loadConfig(flags.config));
}

/** {@link openMeta} with a configuration that is loaded already. */
export async function openConfigured(
  flags: StoreFlags,
  config: UserMetaConfig,
  open: typeof openStore = openStore,
): Promise<UserMeta> {
  const { store: _named, namespace, indexes, verifier = noSessions, ...options } = config;
  const named = storeOf(flags, config);
  const store =
    typeof named === "string"
      ? await open(named, {
          namespace: flags.namespace ?? namespace ?? "",
          indexes: flags.index ?? indexes ?? [],
        })
      : named;
  return createUserMeta({ ...options, store, verifier });
}

/** The store's URL, or the store itself that a configuration holds. */
export function storeOf(flags: StoreFlags, config: UserMetaConfig): string | MetadataStore {
  return flags.store ?? readSecret("USERMETA_STORE") ?? config.store ?? "sqlite:usermeta.db";
}

/** For commands and servers without sessions: whoever holds a key or the machine needs none. */
async function noSessions(): Promise<never> {
  throw new UserMetaError("invalid_token", "this server verifies no sessions: start it with --issuer or --config");
}

/**
 * A secret, from the environment variable or from the file that `<name>_FILE` names; never from an argument, which
 * every user of the machine can read. Throws `invalid_config`.
 */
export function readSecret(name: string): string | undefined {
  const { [name]: value, [`${name}_FILE`]: file } = process.env;
  if (value !== undefined && file !== undefined) throw invalidConfig(`set ${name} or ${name}_FILE, not both`);
  const secret = file === undefined ? value : readFile(`${name}_FILE`, file);
  if (secret?.trim() === "") throw invalidConfig(`${name} is set, but empty`);
  return secret;
}

function readFile(name: string, file: string): string {
  try {
    return readFileSync(file, "utf8").trimEnd(); // editors and `echo` end files with a newline
  } catch (cause) {
    throw invalidConfig(`the file that ${name} names cannot be read`, cause);
  }
}
