import {
  type AdminKey,
  adminKey,
  adminRoutes,
  invalidConfig,
  metadataRoutes,
  type Routes,
  type UserMeta,
} from "@usermeta/core";
import { readSecret } from "../settings.ts";
import type { Apps } from "./apps.ts";
import { isVendor, type Vendor, vendorKeys, vendorRoutes, vendors } from "./vendors.ts";

/** Routes under a name for logs and metrics. */
export interface Api {
  readonly name: string;
  readonly routes: Routes;
  /** The environment variable that is missing, where the API takes requests without a key. */
  readonly open?: string | undefined;
}

/** What is served beside the admin routes. */
export interface ApiChoice {
  /** The users' own routes. */
  readonly sessions: boolean;
  /** Vendors by name. */
  readonly compat: readonly string[];
  /** For SuperTokens; absent unless in development. */
  readonly apps?: Apps | undefined;
}

/**
 * The native API, and each vendor's that is asked for. Without their keys the admin and vendor routes are open, which
 * is for this machine only: the caller sees to that. Throws `invalid_config`.
 */
export async function chooseApis(meta: UserMeta, { sessions, compat, apps }: ApiChoice): Promise<readonly Api[]> {
  const stray = compat.find((name) => !isVendor(name));
  if (stray !== undefined) throw invalidConfig(`--compat takes ${vendors.join(", ")}`);
  const own = sessions ? [{ name: "own", routes: metadataRoutes(meta) }] : [];
  return [
    ...own,
    admin(meta),
    ...(await Promise.all((compat as readonly Vendor[]).map((name) => vendor(meta, name, apps)))),
  ];
}

const adminVariable = "USERMETA_ADMIN_KEY";

function admin(meta: UserMeta): Api {
  const keys = readSecret(adminVariable)?.split(/[,\n]/);
  const authorize = keys === undefined ? anyone : adminKey(Object.fromEntries(keys.map(named)));
  return {
    name: "admin",
    routes: adminRoutes(meta, { authorize }),
    open: keys === undefined ? adminVariable : undefined,
  };
}

/** Several keys are for rotation: the change log tells which was used. */
const named = (key: string, at: number): [string, string] => [at === 0 ? "admin" : `admin-${at + 1}`, key.trim()];

const anyone: AdminKey = { check: () => ({ actor: "local" }) };

async function vendor(meta: UserMeta, name: Vendor, apps: Apps | undefined): Promise<Api> {
  const variable = vendorKeys[name];
  const key = readSecret(variable);
  return { name, routes: await vendorRoutes(meta, name, key, apps), open: key === undefined ? variable : undefined };
}
