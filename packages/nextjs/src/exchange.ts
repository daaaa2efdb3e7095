import type { HttpRequest, HttpResponse } from "@usermeta/core";
import type { NextRequest } from "next/server.js";

/** Next's request as core takes it, `undefined` when it is not below the prefix. */
export function toRequest(req: NextRequest, prefix: string): HttpRequest | undefined {
  const { method, url, headers, body, signal } = req;
  const target = url.slice(url.indexOf("/", url.indexOf("//") + 2)); // textually: nothing is to be decoded
  if (!target.startsWith(`${prefix}/`)) return undefined;
  return { method, url: target.slice(prefix.length), headers, body: body && toStream(body), signal };
}

/** As core reads Node's streams, so that it can go on behind a body that it refused: cancelled, it would cut the connection. */
function toStream(body: ReadableStream<Uint8Array>): object {
  const iterator = () => body.values({ preventCancel: true });
  return { iterator, [Symbol.asyncIterator]: iterator };
}

/** The rest of a refused body must not stand in the way of the next request. */
export function drain(body: ReadableStream<Uint8Array> | null): void {
  body?.pipeTo(new WritableStream()).catch(() => undefined); // the client left, or core still reads
}

/** Core's answer. Next frames it anew, without its `content-length`. */
export function toResponse({ status, headers, body }: HttpResponse): Response {
  return new Response(body === "" ? null : toBody(body), { status, headers });
}

function toBody(body: HttpResponse["body"]): ConstructorParameters<typeof Response>[0] {
  if (typeof body === "string" || body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer> | string;
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
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 }, // nothing is made before somebody reads
  );
}
