import {
  type AdminRoutesOptions,
  adminRoutes,
  type Documents,
  type HttpRequest,
  type HttpResponse,
  type Routes,
  type UserMeta,
  UserMetaError,
} from "@usermeta/core";
import { createRoutes } from "@usermeta/core/routes";
import { readPage } from "#page";
import { assetResponse, pageResponse, type Settings } from "./document.ts";

type Meta = Pick<UserMeta<Documents>, "verifySession" | "records" | "cors">;

/**
 * A page to look at, search and mend users' metadata, and the admin routes that it works with, all under `/console`.
 * The page itself holds no data and is public; whatever it shows comes from the routes, which `authorize` guards.
 * Throws `invalid_config` without `authorize`.
 *
 * ```ts
 * app.use("/usermeta", mount(consoleRoutes(meta, { authorize: adminKey({ ops: process.env.ADMIN_KEY }) })));
 * ```
 * @param options as for `adminRoutes`: `authorize` is `adminKey({ name: key })`, and the page asks for the key; or
 * `(session) => false | { actor }`, and the page uses the session cookie, whose `origins` must list the page's own.
 */
export function consoleRoutes(meta: Meta, options: AdminRoutesOptions): Routes {
  const admin = adminRoutes(meta, options);
  const { characters, depth } = meta.records.limits;
  const settings: Settings = { credentials: credentialsOf(meta, options), limits: { characters, depth } };

  const showPage = async ({ url }: HttpRequest): Promise<HttpResponse> => {
    // Only the application knows the prefix, and some platforms take the trailing slash away: so relative, for both.
    const base = /^[^?]*\/(?:\?|$)/.test(url) ? "" : "console/";
    return pageResponse(readPage(), settings, base);
  };
  const page = createRoutes({ origins: [], credentials: false }, [
    { method: "GET", path: "/console", handle: showPage },
    { method: "GET", path: "/console/", handle: showPage },
    {
      method: "GET",
      path: "/console/{file}",
      handle: async (_request, target) => {
        const { script, style } = readPage();
        const asset = [script, style].find(({ name }) => name === target.segment("file"));
        if (asset === undefined) throw new UserMetaError("not_found", "the console has no such file");
        return assetResponse(asset);
      },
    },
  ]);

  return {
    table: [...page.table, ...admin.table.map(({ method, path }) => ({ method, path: `/console${path}` }))],
    handle: (request) => page.handle(request) ?? admin.handle(below("/console", request)),
  };
}

/** What the page sends along: the browser's cookie, or what somebody types in. */
function credentialsOf({ cors }: Meta, { authorize }: AdminRoutesOptions): Settings["credentials"] {
  if (typeof authorize !== "function") return "key";
  return cors.credentials ? "cookie" : "token";
}

/** The same request as seen from below a path; one that lies elsewhere matches nothing. */
function below(path: string, request: HttpRequest): HttpRequest {
  const url = request.url.startsWith(`${path}/`) ? request.url.slice(path.length) : "";
  return Object.create(request, { url: { value: url } }) as HttpRequest;
}
