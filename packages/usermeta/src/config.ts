import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  checkOptions,
  invalidConfig,
  type MetadataStore,
  type Schemas,
  type SessionVerifier,
  type UserMetaOptions,
} from "@usermeta/core";

/** What `usermeta.config.ts` exports: the options of `createUserMeta`, of which none is required here. */
export interface UserMetaConfig<S extends Schemas = Schemas> extends Omit<UserMetaOptions<S>, "store" | "verifier"> {
  /** A URL that `openStore` takes, or a store. `--store` and `USERMETA_STORE` come before it. */
  readonly store?: string | MetadataStore;
  /** For a store given by URL. @default "" */
  readonly namespace?: string;
  /** For a store given by URL: paths that can be searched, e.g. `["public.plan"]`. */
  readonly indexes?: readonly string[];
  /** How session tokens are verified. Without it (and without `--issuer`) the users' own routes are not served. */
  readonly verifier?: SessionVerifier;
}

const known = {
  store: true,
  namespace: true,
  indexes: true,
  verifier: true,
  schema: true,
  limits: true,
  cache: true,
  cookie: true,
  origins: true,
  history: true,
  deadline: true,
  clock: true,
  issuer: true,
  onChange: true,
  revoked: true,
} satisfies Record<keyof UserMetaConfig, true>;

/** Types a configuration; returns it as it is. */
export function defineConfig<const S extends Schemas>(config: UserMetaConfig<S>): UserMetaConfig<S> {
  return config;
}

const names = ["usermeta.config.ts", "usermeta.config.mts", "usermeta.config.js", "usermeta.config.mjs"];

/**
 * Loads the configuration that `--config` names, or the one in the working directory; empty where there is none.
 * Throws `invalid_config`.
 */
export async function loadConfig(file?: string): Promise<UserMetaConfig> {
  const path = file ?? names.find((name) => existsSync(name));
  if (path === undefined) return {};
  if (!existsSync(path)) throw invalidConfig(`there is no configuration file ${path}`);
  const module = await load(resolve(path)).catch((cause: unknown) => {
    throw invalidConfig(`${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  });
  const config = (module as { default?: unknown }).default;
  checkOptions(`the default export of ${path}`, config, Object.keys(known));
  return config as UserMetaConfig;
}

async function load(path: string): Promise<unknown> {
  try {
    // Node's own type stripping first: the file then shares its modules, and its UserMetaError, with this process.
    return await import(pathToFileURL(path).href);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ERR_UNKNOWN_FILE_EXTENSION" && code !== "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") throw error;
    const { createJiti } = await import("jiti"); // before Node 22.18, and for enums and decorators
    return createJiti(import.meta.url, { tryNative: true }).import(path);
  }
}
