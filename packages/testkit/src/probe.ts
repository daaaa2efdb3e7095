import { once } from "node:events";
import type { HttpRequest, HttpResponse, Routes } from "@usermeta/core";

/** A route table that shows what a binding hands over, and uses every form of answer there is. */
export interface Probe {
  readonly routes: Routes;
  readonly bytes: Uint8Array;
  readonly byteHeaders: Readonly<Record<string, string>>;
  /** Resolves once the stream has noticed that its client is gone. */
  left(): Promise<"left">;
}

/**
 * - `GET /probe/echo/…` answers `{ method, url }` as received
 * - `GET /probe/bytes` answers all 256 bytes
 * - `GET /probe/stream` sends one line, then waits until the client leaves
 * - `GET /probe/boom` fails in a way that is not usermeta's
 */
export function createProbe(): Probe {
  const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
  const byteHeaders = { "content-type": "application/octet-stream", "content-length": "256", "x-probe": "a, b" };
  const { promise: left, resolve: leave } = Promise.withResolvers<"left">();

  async function* lines({ signal }: HttpRequest): AsyncGenerator<string> {
    try {
      yield "one\n";
      if (signal && !signal.aborted) await once(signal, "abort");
    } finally {
      leave("left");
    }
  }
  const answers: Readonly<Record<string, (request: HttpRequest) => HttpResponse>> = {
    echo: ({ method, url }) => {
      const body = JSON.stringify({ method, url });
      return { status: 200, headers: { "content-type": "application/json" }, body };
    },
    bytes: () => ({ status: 200, headers: byteHeaders, body: bytes }),
    stream: (request) => ({ status: 200, headers: { "content-type": "text/plain" }, body: lines(request) }),
    boom: () => {
      throw new Error("boom");
    },
  };
  const handle = (request: HttpRequest): Promise<HttpResponse> | undefined => {
    const answer = answers[/^\/probe\/(\w+)/.exec(request.url)?.[1] ?? ""];
    return answer && Promise.resolve(request).then(answer);
  };
  const paths = ["/probe/echo/{rest}", "/probe/bytes", "/probe/stream", "/probe/boom"];
  return {
    routes: { table: paths.map((path) => ({ method: "GET", path })), handle },
    bytes,
    byteHeaders,
    left: () => left,
  };
}
