/** Where a platform answers before a binding is asked, or takes away what the binding would need; with which status. */
export type Declared = Readonly<Record<string, { readonly status: number; readonly why: string }>>;

const badUrl = { status: 400, why: "Fastify's router refuses a path that is not percent-encoded UTF-8 before any plugin" };
const fastify: Declared = {
  "path /%zz": badUrl,
  "path /admin/users/%zz/metadata": badUrl,
  "admin path /admin/users/%FF/metadata": badUrl,
  "admin path /admin/users/%ED%A0%80/metadata": badUrl,
};

/** By binding, then by the request's name in `requests.ts`. */
export const declaredDifferences: Readonly<Record<string, Declared>> = { fastify };
