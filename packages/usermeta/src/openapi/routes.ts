import type { Routes } from "@usermeta/core";
import { jsonPage, pageRoutes } from "../pages.ts";
import { type OpenApiOptions, openApiDocument } from "./document.ts";
import { openApiPage, pagePolicy } from "./page.ts";

/**
 * `GET /openapi.json`: the OpenAPI 3.1 document of the tables that it is given; `GET /docs`: the same as a page to read.
 * Both are public. Throws `invalid_config` for tables that are not the native API's.
 *
 * ```ts
 * const tables = [metadataRoutes(meta), adminRoutes(meta, { authorize })];
 * app.use("/usermeta", mount([...tables, openApiRoutes(tables, { prefix: "/usermeta" })]));
 * ```
 */
export function openApiRoutes(tables: Routes | readonly Routes[], options: OpenApiOptions = {}): Routes {
  const document = openApiDocument(tables, options);
  const page = openApiPage(document, options);
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": pagePolicy,
    "referrer-policy": "no-referrer",
  };
  return pageRoutes({
    "/openapi.json": () => jsonPage(document),
    "/docs": () => ({ headers, body: page }),
  });
}
