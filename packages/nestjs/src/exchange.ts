import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { HttpRequest, HttpResponse, Routes } from "@usermeta/core";

/** What Express's and Fastify's requests have in common. */
export type Request = (IncomingMessage | { readonly raw: IncomingMessage }) & { readonly session?: unknown };

/** What Express's responses and Fastify's replies have in common. */
export type Response = (ServerResponse | { readonly raw: ServerResponse }) & {
  header(name: string, value: string): unknown;
  getHeaders(): ReturnType<ServerResponse["getHeaders"]>;
};

/** Node's own request or response, which Fastify wraps and Express extends. */
export function toNode<T extends object>(exchange: T | { readonly raw: T }): T {
  return "raw" in exchange ? exchange.raw : exchange;
}

/** Middleware that serves route tables under a prefix, on both platforms alike. */
export function mount(tables: readonly Routes[], prefix: string): Middleware {
  return (req, res, next) => {
    if (!req.url?.startsWith(`${prefix}/`)) return next();
    const request = toRequest(req, res, req.url.slice(prefix.length));
    for (const table of tables) {
      const answer = table.handle(request);
      if (answer) return void answer.then((response) => send(req, res, response)).catch(next);
    }
    next();
  };
}
/** As both platforms run it, with Node's own request and response. */
export type Middleware = (req: Unread, res: ServerResponse, next: (error?: unknown) => void) => void;
type Unread = IncomingMessage & { readonly rawBody?: unknown; readonly body?: unknown };

function toRequest(req: Unread, res: ServerResponse, url: string): HttpRequest {
  const { method = "GET", headers, rawHeaders, rawBody, readableDidRead } = req;
  let signal: AbortSignal | undefined;
  return {
    method,
    url,
    headers,
    rawHeaders,
    body: rawBody ?? (readableDidRead ? req.body : req), // a parsed value no longer tells duplicate keys
    get signal(): AbortSignal {
      signal ??= closeOf(res);
      return signal;
    },
  };
}

/** Sends core's answer byte for byte. */
async function send(req: IncomingMessage, res: ServerResponse, { status, headers, body }: HttpResponse): Promise<void> {
  res.writeHead(status, headers);
  if (typeof body === "string" || body instanceof Uint8Array) res.end(body);
  else {
    res.flushHeaders();
    await pipeline(body, res).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error; // that one: the client left
    });
  }
  if (!req.complete) req.resume(); // the rest of a refused body must not stand in the way of the next request
}

/** Aborted once the response is sent or the client is gone. */
function closeOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => controller.abort());
  return controller.signal;
}
