import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage } from "node:http";

// Of two `Authorization` lines Node keeps the first one in `headers`, and Next makes its `Request` of those. Joined, as in
// every other `Headers` (RFC 9110 section 5.3), core sees both, and refuses them.
subscribe("http.server.request.start", (message) => {
  const { request } = message as { readonly request: IncomingMessage };
  const { authorization = [] } = request.headersDistinct;
  if (authorization.length > 1) request.headers.authorization = authorization.join(", ");
});
