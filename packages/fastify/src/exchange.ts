import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { HttpRequest, HttpResponse, Verdict } from "@usermeta/core";
import { closeOf } from "@usermeta/exchange/node";
import { attachSession } from "@usermeta/exchange/session";

/** What every Fastify reply has, whatever its server, logger, type provider and route. */
export interface Reply {
  readonly raw: { once(event: "pipe" | "close", listener: () => void): unknown; flushHeaders?(): void };
  readonly request: { readonly method: string };
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  send(payload?: unknown): unknown;
}

/** Node's request as core takes it. `url` is what is left of the target below the mount. */
export function toRequest(raw: IncomingMessage & { rawBody?: unknown }, url: string, reply: Reply): HttpRequest {
  const { method = "", headers, rawHeaders } = raw;
  let signal: AbortSignal | undefined;
  return {
    method,
    url,
    headers,
    rawHeaders,
    body: raw.rawBody ?? raw, // some clouds read the stream themselves, and keep the bytes there
    get signal(): AbortSignal {
      signal ??= closeOf(reply.raw);
      return signal;
    },
  };
}

/** Sends core's answer, as bytes: to the content type of text Fastify would add a charset. */
export function send(reply: Reply, { status, headers, body }: HttpResponse): unknown {
  reply.code(status);
  reply.headers(headers);
  if (body === "") return reply.send();
  if (typeof body === "string") return reply.send(Buffer.from(body, "latin1")); // it is ASCII
  if (body instanceof Uint8Array) return reply.send(body);
  if (reply.request.method === "HEAD") return reply.send();
  reply.raw.once("pipe", () => reply.raw.flushHeaders?.()); // the first line may be a long time coming
  return reply.send(Readable.from(body));
}

/** Goes by a verdict, now or later: sends the denial, or lets the request through. */
export async function settle(request: object, reply: Reply, verdict: Verdict | Promise<Verdict>): Promise<unknown> {
  const { session, response } = await verdict;
  if (response) return send(reply, response);
  attachSession(request, session);
  return undefined;
}
