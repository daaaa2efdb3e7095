/** Where a request to SuperTokens' core points to. */
export interface Target {
  readonly appId: string;
  readonly tenantId: string;
  /** The API's own path, e.g. `"/recipe/user/metadata"`; `undefined` for one of theirs that is not served here. */
  readonly path: Path | undefined;
  readonly query: string;
}

/** The paths that are served. */
export const paths = [
  "/recipe/user/metadata",
  "/recipe/user/metadata/remove",
  "/recipe/user/metadata/bulk",
  "/recipe/multitenancy/app/v2",
  "/apiversion",
  "/hello",
  "/",
] as const;
export type Path = (typeof paths)[number];

/** `(/appid-<id>)?(/<tenant>)?<path>/?`, in lower case; a tenant is not called like the first word of a path (PathRouter.java). */
const form =
  /^(?:\/appid-([a-z0-9-]*))?(?:\/(?!(?:recipe|config|users|hello|apiversion)(?:\/|$))([a-z0-9-]+))?(\/.*)?$/;

/** Splits the target of a request; `undefined` for what is no path of SuperTokens' core. */
export function parseTarget(url: string): Target | undefined {
  const [address = "", query = ""] = url.split(/\?(.*)/s);
  const found = form.exec(address.toLowerCase());
  if (found === null) return undefined;
  const [, appId, tenantId, rest = "/"] = found;
  const trimmed = rest === "/" ? rest : rest.replace(/\/$/, "");
  const path = paths.find((known) => known === trimmed);
  // Without the prefix of an app, a bare word or an unknown path is another application's.
  const isOurs = path === undefined ? trimmed.startsWith("/recipe/") : path !== "/" || tenantId === undefined;
  if (!isOurs && appId === undefined) return undefined;
  return { appId: appId ?? "public", tenantId: tenantId ?? "public", path, query };
}
