import type { HttpRequest, HttpResponse } from "@usermeta/core";

/** A web request as core takes it. Servers on Node make its stream and its signal only when they are asked for. */
export class WebRequest implements HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Request["headers"];
  private readonly raw: Request; // not #raw: a table below a path sees the request through Object.create
  private readonly read: Uint8Array | undefined;
  private left: AbortController | undefined;

  /**
   * @param url the target below the mount, undecoded, query included
   * @param read the body, where somebody has read it
   */
  constructor(raw: Request, url: string, read?: Uint8Array) {
    this.method = raw.method;
    this.url = url;
    this.headers = raw.headers;
    this.raw = raw;
    this.read = read;
  }

  get body(): unknown {
    return this.read ?? this.raw.body;
  }

  get signal(): AbortSignal {
    this.left ??= new AbortController();
    return AbortSignal.any([this.raw.signal, this.left.signal]);
  }

  /** Tells whoever asked for the signal that nobody reads the answer any more. */
  leave(): void {
    this.left ??= new AbortController();
    this.left.abort();
  }
}

/** Core's answer as a web `Response`. Streams are read only as fast as the client reads them, and end when it leaves. */
export function toResponse(
  request: Pick<WebRequest, "method"> & { leave?(): void },
  { status, headers, body }: HttpResponse,
): Response {
  const isEmpty = body === "" || request.method === "HEAD"; // 204 and 304 must not even have an empty body
  return new Response(isEmpty ? null : toBody(body, request), { status, headers });
}

type Body = ConstructorParameters<typeof Response>[0];

function toBody(body: HttpResponse["body"], request: { leave?(): void }): Body {
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
        request.leave?.(); // first, because a generator that waits hears of nothing else
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 }, // nothing is made before somebody reads
  );
}
