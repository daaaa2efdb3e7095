import type { ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { Request, ResponseObject, ResponseToolkit } from "@hapi/hapi";
import type { HttpRequest, HttpResponse } from "@usermeta/core";

/** hapi's request as core takes it. `url` is what is left of the target below the mount. */
export function toRequest({ raw: { req, res } }: Request, url: string): HttpRequest {
  const { method = "", headers, rawHeaders } = req;
  let signal: AbortSignal | undefined;
  return {
    method,
    url,
    headers,
    rawHeaders,
    get body(): unknown {
      if (headers.expect !== undefined) res.writeContinue(); // hapi takes that upon itself, later than we answer
      return (req as { rawBody?: unknown }).rawBody ?? req; // some clouds read the stream themselves
    },
    get signal(): AbortSignal {
      signal ??= closeOf(res);
      return signal;
    },
  };
}

/** A denial goes through hapi, which adds the CORS headers and the like of the route it is for. */
export function deny(h: ResponseToolkit, { status, headers, body }: HttpResponse): ResponseObject {
  const response = h.response(body as string).code(status);
  for (const [name, value] of Object.entries(headers)) response.header(name, value);
  return response.takeover();
}

/** An answer of the routes goes past hapi, which would compress it, and add a charset, a `vary` and more. */
export async function send(request: Request, { status, headers, body }: HttpResponse): Promise<void> {
  const { res } = request.raw;
  res.writeHead(status, headers);
  if (typeof body === "string")
    res.end(body, "latin1"); // it is ASCII
  else if (body instanceof Uint8Array) res.end(body);
  else if (request.method === "head") res.end();
  else {
    res.flushHeaders(); // the first line may be a long time coming
    await pipeline(body, res).catch((error: Error) => request.log(["usermeta", "error"], error));
  }
}

/** Aborted once the response is sent or the client is gone. */
function closeOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => controller.abort());
  return controller.signal;
}
