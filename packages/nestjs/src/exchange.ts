import type { IncomingMessage, ServerResponse } from "node:http";
import type { Routes } from "@usermeta/core";
import { send, toRequest } from "@usermeta/exchange/node";

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
export type Middleware = (req: IncomingMessage, res: ServerResponse, next: (error?: unknown) => void) => void;
