import type { HttpRequest } from "@usermeta/core";

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

/** What everybody else's paths get. */
export const notFound = (): Response => new Response("Not Found", { status: 404 });
