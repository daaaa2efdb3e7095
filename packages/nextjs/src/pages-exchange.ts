import { pipeline } from "node:stream/promises";
import type { HttpRequest, HttpResponse } from "@usermeta/core";
import type { NextApiRequest, NextApiResponse } from "next";

/** Next's request as core takes it, `undefined` when it is not below the prefix. */
export function toRequest(req: NextApiRequest, res: NextApiResponse, prefix: string): HttpRequest | undefined {
  const { method = "GET", url = "", headers, rawHeaders } = req;
  if (!url.startsWith(`${prefix}/`)) return undefined;
  let signal: AbortSignal | undefined;
  return {
    method,
    url: url.slice(prefix.length),
    headers,
    rawHeaders,
    body: req.readableDidRead ? req.body : req, // a parsed value no longer tells duplicate keys
    get signal(): AbortSignal {
      signal ??= closeOf(res);
      return signal;
    },
  };
}

/** Sends core's answer byte for byte. */
export async function send(
  req: NextApiRequest,
  res: NextApiResponse,
  { status, headers, body }: HttpResponse,
): Promise<void> {
  res.writeHead(status, headers);
  if (typeof body === "string" || body instanceof Uint8Array) res.end(body);
  else {
    res.flushHeaders();
    await pipeline(body, res).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error; // that one: the client left
    });
  }
  if (!req.complete) req.resume(); // the rest of a refused body must not stand in the way of the next request
}

/** Aborted once the response is sent or the client is gone. */
function closeOf(res: NextApiResponse): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => controller.abort());
  return controller.signal;
}
