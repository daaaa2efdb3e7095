import type { HttpRequest, HttpResponse } from "@usermeta/core";
import type { Context } from "hono";
import { baseRoutePath } from "hono/route";

/** Hono's request as core takes it. `left` tells that the answer was given up. */
export async function toRequest(c: Context, left: AbortController): Promise<HttpRequest> {
  const { raw } = c.req;
  const { method, headers, bodyUsed } = raw;
  const read = bodyUsed ? new Uint8Array(await c.req.arrayBuffer()) : undefined; // Hono keeps what somebody has read
  return {
    method,
    url: targetBelow(baseRoutePath(c), c),
    headers,
    // Getters, because servers on Node make the stream and the signal only when they are asked for.
    get body() {
      return read ?? raw.body;
    },
    get signal() {
      return AbortSignal.any([raw.signal, left.signal]);
    },
  };
}

/** The target below a mount as it came: `c.req.path` is decoded, so it only tells how many segments that are. */
function targetBelow(base: string, { req }: Context): string {
  const [, path = "", rest = ""] = /^[^/]*\/\/[^/]*([^?#]*)(.*)$/.exec(req.raw.url) ?? [];
  const depth = req.path.split("/").length - base.replace(/\/$/, "").split("/").length;
  const segments = path.split("/");
  return `/${segments.slice(segments.length - depth).join("/")}${rest}`;
}

/** Core's answer as it is. */
export function toResponse(
  request: Request,
  { status, headers, body }: HttpResponse,
  left?: AbortController,
): Response {
  const isEmpty = body === "" || request.method === "HEAD"; // 204 and 304 must not even have an empty body
  return new Response(isEmpty ? null : toBody(body, left), { status, headers });
}

type Body = ConstructorParameters<typeof Response>[0];

function toBody(body: HttpResponse["body"], left?: AbortController): Body {
  if (typeof body === "string" || body instanceof Uint8Array) return body as Body;
  const chunks = body[Symbol.asyncIterator]();
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(encoder.encode(value));
      },
      async cancel() {
        left?.abort(); // first, because a generator that waits hears of nothing else
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 }, // nothing is made before somebody reads
  );
}
