import { readFileSync } from "node:fs";
import { invalidConfig, type Routes } from "@usermeta/core";
import { errorResponses, headers, parameters, schemas } from "./components.ts";
import { type Operation, operations } from "./operations.ts";

/** What {@link openApiRoutes} can be told. */
export interface OpenApiOptions {
  /** Where the tables are mounted, e.g. `"/usermeta"`. @default "" */
  readonly prefix?: string;
  /** The cookie that sessions are taken from, where there is one. */
  readonly cookie?: { readonly name: string } | undefined;
}

/** An OpenAPI 3.1 document; see https://spec.openapis.org/oas/v3.1.1. */
export interface OpenApiDocument {
  readonly openapi: string;
  readonly info: object;
  readonly paths: Readonly<Record<string, Readonly<Record<string, OpenApiOperation>>>>;
  readonly components: object;
}

/** One operation of the document, with references where components are used. */
export interface OpenApiOperation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tags: readonly string[];
  /** Empty: open to everybody. */
  readonly security: readonly object[];
  readonly parameters?: readonly Reference[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, object>>;
}
interface Reference {
  readonly $ref: string;
}
type Content = Readonly<Record<string, { readonly schema: Reference }>>;

const tags = [
  { name: "own", description: "What users read and write about themselves, on their session." },
  { name: "admin", description: "Everything about any user, for operators and back ends." },
];

/** Describes the rows of route tables of the native API. Throws `invalid_config` for a row that is none of its. */
export function openApiDocument(
  tables: Routes | readonly Routes[],
  { prefix = "", cookie }: OpenApiOptions = {},
): OpenApiDocument {
  const paths: Record<string, Record<string, OpenApiOperation>> = {};
  const used = new Set<string>();
  for (const { method, path } of [tables].flat().flatMap(({ table }) => table)) {
    const operation = operations[`${method} ${path}`];
    if (operation === undefined) throw invalidConfig(`the OpenAPI document knows no ${method} ${path}`);
    paths[path] = { ...paths[path], [method.toLowerCase()]: toOperation(operation, cookie !== undefined) };
    used.add(operation.tag);
  }
  return {
    openapi: "3.1.1",
    info,
    servers: [{ url: prefix === "" ? "/" : prefix }],
    tags: tags.filter(({ name }) => used.has(name)),
    paths,
    components: {
      ...referred(paths, { schemas, parameters, headers, responses: errorResponses }),
      securitySchemes: securitySchemes(used, cookie?.name),
    },
  } as OpenApiDocument;
}

type Components = Readonly<Record<string, Readonly<Record<string, object>>>>;

/** The components that paths refer to, and those that these refer to. */
function referred(paths: object, components: Components): Components {
  const found: Record<string, Record<string, object>> = {};
  const follow = (value: object): void => {
    for (const [, kind = "", name = ""] of JSON.stringify(value).matchAll(/"#\/components\/(\w+)\/([\w-]+)"/g)) {
      const component = components[kind]?.[name];
      if (component === undefined || found[kind]?.[name] !== undefined) continue;
      found[kind] = { ...found[kind], [name]: component };
      follow(component);
    }
  };
  follow(paths);
  return found;
}

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

const info = {
  title: "usermeta",
  version,
  summary: "What an application knows about its users",
  description:
    "Three scopes of JSON per user: `private` is the server's, `public` the user may read, `unsafe` the user may write. Every record has a version and a change log; conditional and idempotent writes lose nothing.",
  license: { name: "MIT", identifier: "MIT" },
};

function securitySchemes(used: ReadonlySet<string>, cookie: string | undefined): object {
  const adminKey = "An admin key; the session token of an administrator where the server asks for that.";
  return {
    ...(used.has("own") && {
      session: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "The user's session token." },
      ...(cookie !== undefined && { sessionCookie: { type: "apiKey", in: "cookie", name: cookie } }),
    }),
    ...(used.has("admin") && { adminKey: { type: "http", scheme: "bearer", description: adminKey } }),
  };
}

function toOperation(operation: Operation, hasCookie: boolean): OpenApiOperation {
  const { operationId, summary, description, tag, parameters: names, body, answer, etag, isOpen, others } = operation;
  const own = [{ session: [] }, ...(hasCookie ? [{ sessionCookie: [] }] : [])];
  return {
    operationId,
    summary,
    ...(description !== undefined && { description }),
    tags: [tag],
    security: isOpen ? [] : tag === "own" ? own : [{ adminKey: [] }],
    ...(names && { parameters: names.map((name) => reference("parameters", name)) }),
    ...(body && { requestBody: { required: true, content: contentOf(body) } }),
    responses: {
      ...(answer === undefined ? { 204: { description: "Done." } } : { 200: success(answer, operation) }),
      ...(others.includes(304) && { 304: { description: "It has not changed.", ...headersFor(etag) } }),
      ...Object.fromEntries(
        others.filter((status) => status >= 400).map((status) => [status, reference("responses", `Error${status}`)]),
      ),
    },
  } as OpenApiOperation;
}

function success(answer: string, { etag, type = "application/json", parameters: names = [] }: Operation): object {
  const replayed = names.includes("IdempotencyKey");
  return {
    description: names.includes("IdempotencyKey") ? "The record as it is now." : "What is there.",
    ...headersFor(etag, replayed),
    content: contentOf({ [type]: answer }),
  };
}

function headersFor(etag: boolean | undefined, replayed = false): object {
  if (etag !== true) return {};
  const names = ["ETag", ...(replayed ? ["Idempotency-Replayed"] : [])];
  return { headers: Object.fromEntries(names.map((name) => [name, reference("headers", name)])) };
}

const reference = (kind: string, name: string): Reference => ({ $ref: `#/components/${kind}/${name}` });

const contentOf = (schemasByType: Readonly<Record<string, string>>): Content =>
  Object.fromEntries(
    Object.entries(schemasByType).map(([type, name]) => [type, { schema: reference("schemas", name) }]),
  );
