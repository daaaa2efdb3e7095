import type { HttpRequest } from "@usermeta/core";
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
