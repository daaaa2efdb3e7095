import { Readable } from "node:stream";
import type { HttpResponse, Verdict } from "@usermeta/core";
import { attachSession } from "@usermeta/exchange/session";

/** What every Fastify reply has, whatever its server, logger, type provider and route. */
export interface Reply {
  readonly raw: { once(event: "pipe" | "close", listener: () => void): unknown; flushHeaders?(): void };
  readonly request: { readonly method: string };
  code(status: number): unknown;
  headers(headers: Record<string, string>): unknown;
  serializer(serialize: (text: string) => string): unknown;
  send(payload?: unknown): unknown;
}

/** The longest text that Node writes without memory of its own for it; core's texts are ASCII, so that bytes are cheaper beyond. */
const maxText = 16_384;

/** Sends core's answer as it is. */
export function send(reply: Reply, { status, headers, body }: HttpResponse): unknown {
  reply.code(status);
  reply.headers(headers);
  if (body === "") return reply.send();
  if (typeof body === "string" && body.length <= maxText) {
    reply.serializer(asIs); // else Fastify would add a charset to the content type
    return reply.send(body);
  }
  if (typeof body === "string") return reply.send(Buffer.from(body, "latin1"));
  if (body instanceof Uint8Array) return reply.send(body);
  if (reply.request.method === "HEAD") return reply.send();
  reply.raw.once("pipe", () => reply.raw.flushHeaders?.()); // the first line may be a long time coming
  return reply.send(Readable.from(body));
}

const asIs = (text: string): string => text;

/** Goes by a verdict, now or later: sends the denial, or lets the request through. */
export async function settle(request: object, reply: Reply, verdict: Verdict | Promise<Verdict>): Promise<unknown> {
  const { session, response } = await verdict;
  if (response) return send(reply, response);
  attachSession(request, session);
  return undefined;
}
