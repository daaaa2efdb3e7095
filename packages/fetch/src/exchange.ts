import type { HttpRequest, HttpResponse } from "@usermeta/core";

/** A request as core takes it, `undefined` when it is for somebody else. `left` tells that the answer was given up. */
export function toRequest(request: Request, prefix: string, left: AbortController): HttpRequest | undefined {
  const { method, url, headers } = request;
  const target = url.slice(url.indexOf("/", url.indexOf("//") + 2)); // textually: nothing is to be decoded
  if (!target.startsWith(`${prefix}/`)) return undefined;
  return {
    method,
    url: target.slice(prefix.length),
    headers,
    // Getters, because servers on Node make the stream and the signal only when they are asked for.
    get body() {
      return request.body;
    },
    get signal() {
      return AbortSignal.any([request.signal, left.signal]);
    },
  };
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

/** What everybody else's paths get. */
export const notFound = (): Response => new Response("Not Found", { status: 404 });

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
