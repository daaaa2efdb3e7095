import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { HttpRequest, HttpResponse } from "@usermeta/core";

/** Where body parsers leave what they have read: the bytes, the value, or both. */
export interface ParsedBody {
  readonly rawBody?: unknown;
  readonly body?: unknown;
}

/**
 * Node's request as core takes it.
 *
 * @param url the target below the mount, undecoded, query included
 * @param parsed the object on which the framework's body parsers leave their results
 */
export function toRequest(
  req: IncomingMessage,
  res: Pick<ServerResponse, "once">,
  url: string,
  parsed: ParsedBody = req as ParsedBody,
): HttpRequest {
  const { method = "GET", headers, rawHeaders } = req;
  let signal: AbortSignal | undefined;
  return {
    method,
    url,
    headers,
    rawHeaders,
    // The bytes or the unread stream before the parsed value, which no longer tells duplicate keys and number text.
    body: parsed.rawBody ?? (req.readableDidRead ? parsed.body : req),
    get signal(): AbortSignal {
      signal ??= closeOf(res);
      return signal;
    },
  };
}

/** Aborted once the response is sent or the client is gone. */
export function closeOf(res: { once(event: "close", listener: () => void): unknown }): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => controller.abort());
  return controller.signal;
}

/**
 * Sends core's answer byte for byte: its text is ASCII, and latin1 is the fastest way to write that. Streams are written
 * with backpressure, and end when the client leaves. Rejects when a stream itself fails.
 */
export async function send(
  req: IncomingMessage,
  res: ServerResponse,
  { status, headers, body }: HttpResponse,
): Promise<void> {
  res.writeHead(status, headers);
  if (typeof body === "string") res.end(body, "latin1");
  else if (body instanceof Uint8Array) res.end(body);
  else {
    res.flushHeaders(); // the first line may be a long time coming
    await pipeline(body, res).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ERR_STREAM_PREMATURE_CLOSE") throw error; // that one: the client left
    });
  }
  if (!req.complete) req.resume(); // the rest of a refused body must not stand in the way of the next request
}
