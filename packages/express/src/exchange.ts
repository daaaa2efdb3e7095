import { pipeline } from "node:stream/promises";
import type { HttpRequest, HttpResponse } from "@usermeta/core";
import type { Request, Response } from "express";

/** Express's request as core takes it. `req.url` has lost the mount prefix already. */
export function toRequest(req: Request & { rawBody?: unknown }, res: Response): HttpRequest {
  const { method, url, headers, rawHeaders, rawBody, readableDidRead } = req;
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

/** Sends core's answer byte for byte. Its text is ASCII, and latin1 is the fastest way to write that. */
export async function send(req: Request, res: Response, { status, headers, body }: HttpResponse): Promise<void> {
  res.writeHead(status, headers);
  if (typeof body === "string") res.end(body, "latin1");
  else if (body instanceof Uint8Array) res.end(body);
  else {
    res.flushHeaders();
    await pipeline(body, res).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error; // that one: the client left
    });
  }
  if (!req.complete) req.resume(); // the rest of a refused body must not stand in the way of the next request
}

/** Aborted once the response is sent or the client is gone. */
function closeOf(res: Response): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => controller.abort());
  return controller.signal;
}
