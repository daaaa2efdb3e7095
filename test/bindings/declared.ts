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
const joined = "the platform joins repeated lines, and the scheme in front is not Bearer";
const joinedHeaders: Declared = {
  "credentials Authorization: Basic x + Authorization: Bearer $TOKEN": { status: 401, why: joined },
  "route credentials Authorization: Basic x + Authorization: Bearer $TOKEN": { status: 401, why: joined },
};

/** By binding, then by the request's name in `requests.ts`. */
export const declaredDifferences: Readonly<Record<string, Declared>> = {
  fastify,
  "nestjs-fastify": { "path /%zz": badUrl },
  fetch: { ...fetch, ...joinedHeaders },
  hono: { ...fetch, ...joinedHeaders },
  lambda: joinedHeaders,
};
