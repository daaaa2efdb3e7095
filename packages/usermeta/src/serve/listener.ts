import { tracingChannel } from "node:diagnostics_channel";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { errorResponse, type HttpResponse, type Routes, UserMetaError } from "@usermeta/core";
import { send, toRequest } from "@usermeta/exchange/node";
import type { Api } from "./apis.ts";
import { refuseStrangers } from "./local.ts";
import { causeOf, type Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

/** What subscribers of the tracing channel `usermeta:request` see; docs/opentelemetry.md makes spans of it. */
export interface RequestTrace {
  readonly request: IncomingMessage;
  readonly method: string;
  /** Whose routes answer, e.g. `admin` or `clerk`; `none` until one does. */
  api: string;
  /** The pattern, e.g. `/admin/users/{id}/metadata`: the path as it came holds user ids. */
  route: string;
  /** Of the answer. */
  status?: number;
  /** Of the answer, when it is an error of ours. */
  code?: string | undefined;
}

interface ListenerOptions {
  /** Asked in this order. */
  readonly apis: readonly Api[];
  /** Only failures are logged: answers of 500 and above. */
  readonly isQuiet: boolean;
  readonly log: Log;
  readonly metrics: Metrics;
}

const channel = tracingChannel<unknown, RequestTrace>("usermeta:request");
const methods = new Set(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]);

/** Hands each request to the first API that has its path, and counts, logs and traces it. */
export function createListener({ apis, isQuiet, log, metrics }: ListenerOptions): {
  readonly listener: RequestListener;
  /** From now on answers close their connections, and streams end. */
  readonly drain: () => void;
} {
  const active = new Set<ServerResponse>();
  const streams = new Set<ServerResponse>();
  const hasOpen = apis.some(({ open }) => open !== undefined);
  let draining = false;

  async function answer(req: IncomingMessage, res: ServerResponse, trace: RequestTrace): Promise<HttpResponse> {
    const { url = "/" } = req;
    const refusal = hasOpen ? refuseStrangers(req) : undefined;
    const request = toRequest(req, res, url);
    for (const { name, routes, open } of apis) {
      if (open !== undefined && refusal !== undefined) continue; // before the handler looks at anything
      const response = routes.handle(request);
      if (response === undefined) continue;
      trace.api = name;
      trace.route = routeOf(routes, url);
      return response;
    }
    const missing = new UserMetaError("not_found", "there is no such route: /openapi.json lists them");
    return refusal ?? errorResponse(missing);
  }

  async function respond(req: IncomingMessage, res: ServerResponse, trace: RequestTrace): Promise<void> {
    const response = await answer(req, res, trace);
    trace.status = response.status;
    trace.code = codeOf(response);
    if (typeof response.body !== "string" && !(response.body instanceof Uint8Array)) streams.add(res);
    await send(req, res, response);
  }

  function fail(req: IncomingMessage, res: ServerResponse, trace: RequestTrace, error: unknown): void {
    const { method, api, route } = trace;
    log.error("a request failed", { method, api, route, ...causeOf(error) });
    if (res.headersSent) res.destroy();
    else void send(req, res, errorResponse(new UserMetaError("internal", "the server's log names the place")));
  }

  return {
    listener: (req, res) => {
      const began = performance.now();
      const method = methods.has(req.method ?? "") ? (req.method as string) : "other";
      const trace: RequestTrace = { request: req, method, api: "none", route: "none" };
      active.add(res);
      metrics.begin();
      if (draining) res.setHeader("connection", "close");
      res.once("close", () => {
        active.delete(res);
        streams.delete(res);
        const seconds = (performance.now() - began) / 1000;
        const { api, route, code } = trace;
        const status = res.statusCode;
        metrics.end({ api, route, method, status }, seconds);
        const level = status >= 500 ? "warn" : "info";
        if (isQuiet && level === "info") return;
        const ms = Math.round(seconds * 1e6) / 1000;
        log[level]("request", {
          method,
          api,
          route,
          status,
          code,
          ms,
          ...(!res.writableFinished && { aborted: true }),
          ...idsOf(req),
        });
      });
      channel.tracePromise(() => respond(req, res, trace), trace).catch((error) => fail(req, res, trace, error));
    },
    drain: () => {
      draining = true;
      for (const res of active) if (!res.headersSent) res.setHeader("connection", "close");
      for (const res of streams) res.destroy(); // of events: clients connect again, elsewhere
    },
  };
}

/** The row of the table that took the path: the longest that is its end, as SuperTokens puts an application's id in front. */
function routeOf({ table }: Routes, url: string): string {
  const path = url.split("?", 1)[0]?.split("/").slice(1) ?? [];
  const isEnd = (pattern: readonly string[]) =>
    pattern.every((segment, i) => segment.startsWith("{") || segment === path[path.length - pattern.length + i]);
  const rows = table.map((row) => ({ path: row.path, pattern: row.path.split("/").slice(1) }));
  const matches = rows.filter(({ pattern }) => pattern.length <= path.length && isEnd(pattern));
  return matches.sort((a, b) => b.pattern.length - a.pattern.length)[0]?.path ?? "other";
}

/** The stable code of an error of the native API. */
function codeOf({ status, headers, body }: HttpResponse): string | undefined {
  if (status < 400 || headers["content-type"] !== "application/problem+json" || typeof body !== "string")
    return undefined;
  return body === "" ? undefined : (JSON.parse(body) as { code: string }).code;
}

/** What ties a line to the client's own logs: ids up to the length of a UUID, too short for a token or a good key. */
function idsOf({ headers }: IncomingMessage): { requestId?: string; traceId?: string } {
  const requestId = /^[\w.:-]{1,36}$/.exec(String(headers["x-request-id"]))?.[0];
  const traceId = /^[\da-f]{2}-([\da-f]{32})-/.exec(String(headers["traceparent"]))?.[1]; // W3C Trace Context
  return {
    ...(requestId !== undefined && headers["x-request-id"] !== undefined && { requestId }),
    ...(traceId !== undefined && { traceId }),
  };
}
