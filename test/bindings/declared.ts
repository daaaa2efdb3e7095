/** Where a platform answers before a binding is asked, or takes away what the binding would need; with which status. */
export type Declared = Readonly<Record<string, { readonly status: number; readonly why: string }>>;

const badUrl = {
  status: 400,
  why: "Fastify's router refuses a path that is not percent-encoded UTF-8 before any plugin",
};
const fastify: Declared = {
  "path /%zz": badUrl,
  "path /admin/users/%zz/metadata": badUrl,
  "admin path /admin/users/%FF/metadata": badUrl,
  "admin path /admin/users/%ED%A0%80/metadata": badUrl,
};

const dots = "a URL of the Fetch standard has resolved dot segments before a handler sees it";
const fetch: Declared = {
  "path /me/x/../metadata": { status: 200, why: dots },
  "path /me/./metadata": { status: 200, why: dots },
  "path /me/%2e/metadata": { status: 200, why: dots },
  "path /me/%2e%2e/admin/users": { status: 401, why: dots },
  "admin path /admin/users/%2E%2E/metadata": { status: 404, why: dots },
  "path /me\\metadata": { status: 400, why: "the server refuses what the Fetch standard would read as a slash" },
  "path http://api.test/me/metadata": { status: 200, why: "a Request does not tell one form of a target from another" },
};
const redirected = {
  status: 308,
  why: "Next redirects to a path without empty segments, backslashes and a slash at the end before any route",
};
const undecodable = { status: 400, why: "Next refuses a path that is not percent-encoded UTF-8 before any route" };
const fragment = { status: 200, why: "Next drops what looks like a fragment before any route" };
const next: Declared = {
  ...fetch,
  "path /me/metadata/": redirected,
  "path //me/metadata": redirected,
  "path //me//metadata": redirected,
  "path /me/metadata/..": redirected,
  "path /me\\metadata": redirected,
  "path http://api.test/me/metadata": redirected,
  "admin path /admin/users//metadata": redirected,
  "path /me/metadata#x": fragment,
  "path /%zz": undecodable,
  "path /admin/users/%zz/metadata": undecodable,
  "admin path /admin/users/%FF/metadata": undecodable,
  "admin path /admin/users/%ED%A0%80/metadata": undecodable,
};
const noRequest = { status: 500, why: "the Fetch standard forbids the method, and Next fails to make a Request of it" };
const noMethod = { status: 400, why: "Next has no route handler of that name, and refuses the method itself" };
const nextMethods: Declared = Object.fromEntries(
  ["", ", nobody", " on an admin route"].flatMap((route) => [
    [`method TRACE${route}`, noRequest],
    ...["QUERY", "PURGE", "SEARCH", "PROPFIND"].map((method) => [`method ${method}${route}`, noMethod]),
  ]),
);

/** By binding, then by the request's name in `requests.ts`. */
export const declaredDifferences: Readonly<Record<string, Declared>> = {
  fastify,
  "nestjs-fastify": { "path /%zz": badUrl },
  fetch,
  hono: fetch,
  nextjs: {
    ...next,
    ...nextMethods,
    "path /": { status: 200, why: "the example has a page there" },
  },
  "nextjs-pages": { ...next, "path /": redirected },
};

/** Whose platform leaves `content-length` out, and puts names of its own in front of `vary`. */
export const framedByPlatform: ReadonlySet<string> = new Set(["nextjs"]);
