import { pipeline } from "node:stream/promises";
import type { Request, Response } from "@loopback/rest";
import type { HttpRequest, HttpResponse } from "@usermeta/core";

/** LoopBack's request as core takes it. `url` is what is left of the target below the mount. */
export function toRequest(req: Request & { rawBody?: unknown }, res: Response, url: string): HttpRequest {
  const { method, headers, rawHeaders, rawBody, readableDidRead } = req;
  let signal: AbortSignal | undefined;
  return {
    method,
    url,
    headers,
    rawHeaders,
    body: rawBody ?? (readableDidRead ? req.body : req), // a parsed value no longer tells duplicate keys
    get signal(): AbortSignal {
      signal ??= closeOf(res);
      return signal;
    },
  };
}

/** Sends core's answer byte for byte. Returning the response is how LoopBack is told that it has been sent. */
export async function send(req: Request, res: Response, { status, headers, body }: HttpResponse): Promise<Response> {
  res.writeHead(status, headers);
  if (typeof body === "string" || body instanceof Uint8Array) res.end(body);
  else {
    res.flushHeaders();
    await pipeline(body, res).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error; // that one: the client left
    });
  }
  if (!req.complete) req.resume(); // the rest of a refused body must not stand in the way of the next request
  return res;
}

/** Aborted once the response is sent or the client is gone. */
function closeOf(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => controller.abort());
  return controller.signal;
}
