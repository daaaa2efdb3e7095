import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

/**
 * Lets core see two `Authorization` lines, which it refuses: Node keeps the first one in `headers`, and Next builds its
 * `Request` from those. From now on they are joined, as every other `Headers` does (RFC 9110 section 5.3).
 */
export function joinAuthorizationLines(): void {
  subscribe("http.server.request.start", (message) => {
    const { request } = message as { readonly request: IncomingMessage };
    const { authorization = [] } = request.headersDistinct;
    if (authorization.length > 1) request.headers.authorization = authorization.join(", ");
  });
}
