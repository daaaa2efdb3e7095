import { readFileSync } from "node:fs";
import { createConfig, lintFromString } from "@redocly/openapi-core";
import {
  adminKey,
  adminRoutes,
  createUserMeta,
  type HttpResponse,
  jwtVerifier,
  memoryStore,
  metadataRoutes,
  type Routes,
  type UserMeta,
} from "@usermeta/core";
import { memoryKeys, sessionIssuer } from "@usermeta/issuer";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import createClient from "openapi-fetch";
import { openApiRoutes } from "usermeta";
import { beforeAll, describe, expect, it } from "vitest";
import { operations } from "../../packages/usermeta/src/openapi/operations.ts";
import { serve } from "../../packages/usermeta/test/served.ts";
import type { paths } from "./api.d.ts";
import { clientTypes, printedDocument } from "./types.ts";

const key = "an-admin-key-of-at-least-32-characters";

interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<string, { readonly security: readonly object[]; readonly responses: Readonly<Record<string, object>> }>
      >
    >
  >;
}

/** Everything native, in this process. */
async function world(): Promise<{ meta: UserMeta; tables: readonly Routes[]; document: Document }> {
  const verifier = jwtVerifier(await testVerifier());
  const issuer = sessionIssuer({ keys: memoryKeys(), issuer: "https://app.example", audience: "https://api.example" });
  const meta = createUserMeta({ store: memoryStore({ indexes: ["public.plan"] }), verifier, issuer });
  const tables = [metadataRoutes(meta), adminRoutes(meta, { authorize: adminKey({ ops: key }) })];
  return { meta, tables, document: printedDocument() as Document };
}

let all: Awaited<ReturnType<typeof world>>;
beforeAll(async () => {
  all = await world();
});

describe("The OpenAPI document", () => {
  it("describes every route, and nothing else", () => {
    const rows = all.tables.flatMap(({ table }) => table).map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(operations).sort()).toEqual(rows.sort());
    const described = Object.entries(all.document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(rows);
  });

  it.each([
    ["all of it", () => all.tables],
    ["the users' own routes alone", () => all.tables.slice(0, 1)],
  ])("passes the strict rules of Redocly's linter: %s", async (_what, tables) => {
    const answer = await openApiRoutes(tables(), { prefix: "/usermeta", cookie: { name: "session" } }).handle({
      method: "GET",
      url: "/openapi.json",
      headers: {},
    });
    const source = Buffer.from(answer?.body as Uint8Array).toString();
    // A key set is for everybody, and has nothing to refuse.
    const config = await createConfig({ extends: ["recommended-strict"], rules: { "operation-4xx-response": "off" } });
    const problems = await lintFromString({ source, absoluteRef: "openapi.json", config });
    expect(problems.map(({ ruleId, message, location }) => [ruleId, message, location[0]?.pointer])).toEqual([]);
  });

  it("names credentials, and the 401 of who has none, for every route but the key set", () => {
    const open = Object.entries(all.document.paths).flatMap(([path, methods]) =>
      Object.values(methods).flatMap(({ security, responses }) =>
        security.length > 0 && "401" in responses ? [] : path,
      ),
    );
    expect(open).toEqual(["/.well-known/jwks.json"]);
  });

  it("refuses a table whose routes it does not know", () => {
    const stranger: Routes = { table: [{ method: "GET", path: "/x" }], handle: () => undefined };
    expect(() => openApiRoutes([stranger])).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});

describe("What the routes answer", () => {
  const patch = { "content-type": "application/json-patch+json" };
  const json = { "content-type": "application/json" };
  const where = encodeURIComponent('{"public.plan":"pro"}');
  const requests: readonly [
    method: string,
    path: string,
    url: string,
    status: number,
    headers?: object,
    body?: string,
  ][] = [
    [
      "PATCH",
      "/admin/users/{id}/metadata",
      "/admin/users/ada/metadata",
      200,
      json,
      '{"public":{"plan":"pro"},"private":{"a":[1,null]}}',
    ],
    [
      "PATCH",
      "/admin/users/{id}/metadata",
      "/admin/users/ada/metadata",
      200,
      patch,
      '[{"op":"add","path":"/unsafe/x","value":1}]',
    ],
    [
      "PATCH",
      "/admin/users/{id}/metadata",
      "/admin/users/ada/metadata",
      409,
      patch,
      '[{"op":"test","path":"/unsafe/x","value":2}]',
    ],
    ["PATCH", "/admin/users/{id}/metadata", "/admin/users/ada/metadata", 415, {}, "{}"],
    [
      "PATCH",
      "/admin/users/{id}/metadata",
      "/admin/users/ada/metadata",
      413,
      json,
      `{"public":{"x":"${"x".repeat(70_000)}"}}`,
    ],
    [
      "PATCH",
      "/admin/users/{id}/metadata",
      "/admin/users/ada/metadata",
      422,
      json,
      `{"public":{"x":"${"x".repeat(4000)}"}}`,
    ],
    ["PUT", "/admin/users/{id}/metadata", "/admin/users/ada/metadata", 200, json, '{"unsafe":{"y":2}}'],
    [
      "PUT",
      "/admin/users/{id}/metadata",
      "/admin/users/ada/metadata",
      412,
      { ...json, "if-match": '"no"' },
      '{"unsafe":{}}',
    ],
    ["GET", "/admin/users/{id}/metadata", "/admin/users/ada/metadata", 200],
    ["GET", "/admin/users/{id}/metadata", "/admin/users/nobody/metadata", 200],
    ["GET", "/admin/users/{id}/metadata", "/admin/users/nobody/metadata", 304, { "if-none-match": '"0"' }],
    ["GET", "/admin/users/{id}/metadata", "/admin/users/ada/metadata", 401, { authorization: "Bearer no" }],
    ["GET", "/admin/users/{id}/history", "/admin/users/ada/history?limit=2", 200],
    ["GET", "/admin/users/{id}/history", "/admin/users/ada/history?limit=0", 400],
    ["POST", "/admin/users/{id}/history/{changeId}/revert", "/admin/users/ada/history/none/revert", 404],
    ["GET", "/admin/users/{id}/export", "/admin/users/ada/export", 200],
    ["GET", "/admin/users", "/admin/users", 200],
    ["GET", "/admin/users", `/admin/users?where=${where}&limit=1`, 200],
    ["POST", "/admin/users/metadata", "/admin/users/metadata", 200, json, '{"userIds":["ada","nobody"]}'],
    ["DELETE", "/admin/users/{id}/metadata", "/admin/users/ada/metadata?scope=unsafe", 200],
    ["DELETE", "/admin/users/{id}", "/admin/users/ada", 204],
    ["GET", "/me/metadata", "/me/metadata", 200],
    ["GET", "/me/metadata", "/me/metadata", 401, { authorization: "" }],
    ["PATCH", "/me/metadata", "/me/metadata", 200, json, '{"unsafe":{"theme":"dark"}}'],
    ["PATCH", "/me/metadata", "/me/metadata", 400, json, '{"public":{}}'],
    ["PUT", "/me/metadata", "/me/metadata", 412, { ...json, "if-none-match": "*" }, '{"unsafe":{}}'],
    ["GET", "/me/metadata/events", "/me/metadata/events", 401, { authorization: "" }],
    ["GET", "/me/metadata/events", "/me/metadata/events", 200],
    ["POST", "/me/token", "/me/token", 200],
    ["GET", "/.well-known/jwks.json", "/.well-known/jwks.json", 200],
    ["DELETE", "/me/metadata", "/me/metadata", 200],
  ];

  it("has the status and the shape that the document promises, for every operation", async () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    addFormats.default(ajv);
    ajv.addSchema({ ...all.document, $id: "https://usermeta.test/openapi.json" });
    const session = await mintToken({ sub: "grace" });

    for (const [method, path, url, status, headers = {}, body] of requests) {
      const label = `${method} ${url} → ${status}`;
      const authorization = `Bearer ${url.startsWith("/me") ? session : key}`;
      const response = await answer({ method, url, headers: { authorization, ...headers }, body });
      expect(response.status, `${label}: ${JSON.stringify(response.body)}`).toBe(status);
      const pointer = ["paths", path, method.toLowerCase(), "responses", String(status)];
      const described = resolve(all.document, pointer);
      expect(described, `${label} is described`).toBeDefined();
      const { content = {}, headers: promised = {} } = described as {
        content?: Record<string, { schema: { $ref: string } }>;
        headers?: Record<string, object>;
      };
      const type = response.headers["content-type"];
      expect(type, label).toBe(Object.keys(content)[0]);
      if (type !== undefined) {
        const validate = ajv.getSchema(`https://usermeta.test/openapi.json${content[type]?.schema.$ref}`);
        if (validate === undefined) throw new Error(`${label} has no schema`);
        void validate(typeof response.body === "string" ? JSON.parse(response.body) : await firstOf(response.body));
        expect(validate.errors ?? [], label).toEqual([]);
      }
      for (const name of Object.keys(promised).filter((one) => one !== "Idempotency-Replayed"))
        expect(response.headers[name.toLowerCase()], `${label} ${name}`).toBeDefined();
    }
    const asked = new Set(requests.map(([method, path]) => `${method} ${path}`));
    expect([...asked].sort()).toEqual(Object.keys(operations).sort());
  });

  async function answer(request: {
    method: string;
    url: string;
    headers: object;
    body: string | undefined;
  }): Promise<HttpResponse> {
    for (const table of all.tables) {
      const response = table.handle(request as Parameters<Routes["handle"]>[0]);
      if (response !== undefined) return response;
    }
    throw new Error(`no route for ${request.url}`);
  }
});

/** The beginning of a stream. */
async function firstOf(stream: HttpResponse["body"]): Promise<unknown> {
  for await (const chunk of stream) return chunk;
  throw new Error("the stream was empty");
}

/** What a pointer names; a reference there is followed. */
function resolve(document: object, names: readonly string[]): object | undefined {
  const value = names.reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);
  const { $ref } = (value ?? {}) as { $ref?: string };
  return $ref === undefined ? (value as object | undefined) : resolve(document, $ref.slice(2).split("/"));
}

describe("A client generated from it", () => {
  it("has the types that are checked in, which the type checker holds this test to", async () => {
    expect(await clientTypes()).toBe(readFileSync(new URL("api.d.ts", import.meta.url), "utf8"));
  });

  it("works against usermeta serve", async () => {
    const { url } = await serve(["--store", "memory:"], { env: { USERMETA_ADMIN_KEY: key } });
    const client = createClient<paths>({ baseUrl: url, headers: { authorization: `Bearer ${key}` } });
    const path = { id: "ada/1 ü" };
    const first = await client.PATCH("/admin/users/{id}/metadata", {
      params: { path, header: { "Usermeta-Reason": "first" } },
      body: { public: { plan: "pro" }, private: { credits: 3 } },
    });
    expect(first.data).toMatchObject({ userId: "ada/1 ü", version: 1 });
    const conflict = await client.PUT("/admin/users/{id}/metadata", {
      params: { path, header: { "If-Match": '"0"' } },
      body: { private: {} },
    });
    expect([conflict.response.status, conflict.error?.code]).toEqual([412, "version_conflict"]);
    const history = await client.GET("/admin/users/{id}/history", { params: { path, query: { limit: 10 } } });
    expect(history.data?.changes.map(({ kind, reason }) => [kind, reason])).toEqual([["update", "first"]]);
    const many = await client.POST("/admin/users/metadata", { body: { userIds: ["ada/1 ü", "nobody"] } });
    expect(many.data?.users.map(({ version }) => version)).toEqual([1, 0]);
    // @ts-expect-error the client knows that a scope is an object
    await client.PATCH("/admin/users/{id}/metadata", { params: { path }, body: { public: "pro" } });
    // @ts-expect-error and no such route
    await client.GET("/admin/user", {});
    const erased = await client.DELETE("/admin/users/{id}", { params: { path } });
    expect(erased.response.status).toBe(204);
  });
});

describe("usermeta serve", () => {
  it("serves the document of what it serves, and a page of it that asks nothing of anybody else", async () => {
    const { url } = await serve(["--store", "memory:"]);
    const served = (await fetch(`${url}/openapi.json`).then((response) => response.json())) as Document;
    expect(Object.keys(served.paths)).not.toContain("/me/metadata"); // it knows no issuer
    const response = await fetch(url); // what a browser sees first
    expect(response.url).toBe(`${url}/docs`);
    const page = await response.text();
    expect(response.headers.get("content-security-policy")).toContain("default-src 'none'; style-src 'sha256-");
    for (const [path, methods] of Object.entries(served.paths))
      for (const method of Object.keys(methods))
        expect(page).toContain(`<b class="${method}">${method.toUpperCase()}</b> <code>${path}</code>`);
    const links = [...page.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, to]) => to);
    const targets = new Set([...page.matchAll(/id="([^"]*)"/g)].map(([, id]) => `#${id}`));
    expect(links.filter((to) => to !== "openapi.json" && !targets.has(to ?? ""))).toEqual([]);
    expect(page).not.toMatch(/<script|url\(|@import/);
  });
});
