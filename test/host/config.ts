import { consoleRoutes } from "@usermeta/console";
import {
  adminKey,
  adminRoutes,
  createUserMeta,
  type JwtVerifierOptions,
  jwtVerifier,
  metadataRoutes,
  type Routes,
  type UserMeta,
  type UserMetaOptions,
} from "@usermeta/core";
import { openStore } from "usermeta";

/** What the host reads from its standard input. */
export interface Config {
  /** @default any free one */
  readonly port?: number;
  /** Any URL that `openStore` takes. @default "memory:" */
  readonly store?: string;
  /** `jwksUrl` stands for `jwks` with an address; `secret` is base64url. */
  readonly verifier: Omit<JwtVerifierOptions, "secret"> & { readonly jwksUrl?: string; readonly secret?: string };
  /** Required on the metadata routes. */
  readonly scopes?: readonly string[];
  readonly cookie?: { readonly name: string; readonly origins?: readonly string[] };
  readonly origins?: readonly string[];
  /** With it the admin routes and the console are served as well. */
  readonly adminKey?: string;
  readonly limits?: UserMetaOptions["limits"];
}

/** What a binding serves at the root, beside `GET /whoami` and `GET /optional`. */
export interface Application {
  readonly meta: UserMeta;
  readonly routes: readonly Routes[];
  /** 0: any free one. */
  readonly port: number;
}

/** Starts a binding's server on 127.0.0.1. */
export type Serve = (application: Application) => Promise<{ readonly port: number; close(): unknown }>;

const members = ["port", "store", "verifier", "scopes", "cookie", "origins", "adminKey", "limits"];

/** Throws for whatever is wrong with the configuration. */
export async function toApplication(config: Config): Promise<Application> {
  const stray = Object.keys(config).find((name) => !members.includes(name));
  if (stray !== undefined) throw new Error(`unknown member "${stray}": use ${members.join(", ")}`);
  const { port = 0, store = "memory:", verifier, scopes, cookie, origins = cookie?.origins, limits } = config;
  const meta = createUserMeta({
    store: await openStore(store, { indexes: ["public.plan", "private.credits"] }),
    verifier: jwtVerifier(toVerifierOptions(verifier ?? {})),
    ...(cookie && { cookie: { name: cookie.name } }),
    ...(origins && { origins }),
    ...(limits && { limits }),
  });
  const routes = [metadataRoutes(meta, scopes ? { scopes } : {})];
  if (config.adminKey !== undefined) {
    const authorize = adminKey({ host: config.adminKey });
    routes.push(adminRoutes(meta, { authorize }), consoleRoutes(meta, { authorize }));
  }
  return { meta, routes, port };
}

function toVerifierOptions({ jwksUrl, secret, ...options }: Config["verifier"]): JwtVerifierOptions {
  return {
    ...options,
    ...(jwksUrl !== undefined && { jwks: jwksUrl }),
    ...(secret !== undefined && { secret: Buffer.from(secret, "base64url") }),
  };
}
