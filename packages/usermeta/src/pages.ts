import { errorResponse, type HttpRequest, type HttpResponse, type Routes, UserMetaError } from "@usermeta/core";

/** What a page answers. Header names are lower-case. */
export interface Page {
  readonly status?: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** A table of things to read, by their paths: `GET` and `HEAD`, without credentials. */
export function pageRoutes(pages: Readonly<Record<string, (request: HttpRequest) => Page | Promise<Page>>>): Routes {
  const table = Object.keys(pages).map((path) => ({ method: "GET", path }));
  return {
    table,
    handle(request) {
      const [path = ""] = request.url.split("?");
      const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
      return page && show(request, page);
    },
  };
}

async function show(request: HttpRequest, page: (request: HttpRequest) => Page | Promise<Page>): Promise<HttpResponse> {
  const isHead = request.method === "HEAD";
  if (request.method !== "GET" && !isHead)
    return errorResponse(new UserMetaError("method_not_allowed", "use GET, HEAD", { headers: { allow: "GET, HEAD" } }));
  const { status = 200, headers, body } = await page(request);
  const length = String(typeof body === "string" ? Buffer.byteLength(body) : body.length);
  const sent = isHead ? "" : typeof body === "string" ? Buffer.from(body) : body;
  return {
    status,
    headers: { "cache-control": "no-cache", "x-content-type-options": "nosniff", "content-length": length, ...headers },
    body: sent,
  };
}

/** A page of JSON. */
export function jsonPage(value: unknown, status = 200): Page {
  return { status, headers: { "content-type": "application/json" }, body: `${JSON.stringify(value)}\n` };
}
