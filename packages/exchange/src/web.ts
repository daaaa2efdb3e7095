import type { HttpResponse } from "@usermeta/core";

/**
 * Core's answer as a web `Response`. Streams are read only as fast as the client reads them.
 *
 * @param left aborted when the client gives a stream up
 */
export function toResponse(method: string, { status, headers, body }: HttpResponse, left?: AbortController): Response {
  const isEmpty = body === "" || method === "HEAD"; // 204 and 304 must not even have an empty body
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
