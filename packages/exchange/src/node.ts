import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import type { HttpRequest, HttpResponse } from "@usermeta/core";

/** Where body parsers leave what they have read: the bytes, the value, or both. */
export interface ParsedBody {
  readonly rawBody?: unknown;
  readonly body?: unknown;
}

/** A class, because V8 makes a hidden class for every single literal with a getter, which costs more than reading a record. */
class NodeRequest implements HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: string[];
  readonly body: unknown;
  private readonly res: Closing; // not #res: a table below a path sees the request through Object.create
  private closed: AbortSignal | undefined;

  constructor({ method = "GET", headers, rawHeaders }: IncomingMessage, res: Closing, url: string, body: unknown) {
    this.method = method;
    this.url = url;
    this.headers = headers;
    this.rawHeaders = rawHeaders;
    this.body = body;
    this.res = res;
  }

  get signal(): AbortSignal {
    this.closed ??= closeOf(this.res);
    return this.closed;
  }
}

/** What tells that the response is sent, or its client gone. */
interface Closing {
  once(event: "close", listener: () => void): unknown;
}

/**
 * Node's request as core takes it.
 *
 * @param url the target below the mount, undecoded, query included
 * @param parsed the object on which the framework's body parsers leave their results
 */
export function toRequest(
  req: IncomingMessage,
  res: Closing,
  url: string,
  parsed: ParsedBody = req as ParsedBody,
): HttpRequest {
  // The bytes or the unread stream before the parsed value, which no longer tells duplicate keys and number text.
  return new NodeRequest(req, res, url, parsed.rawBody ?? (req.readableDidRead ? parsed.body : req));
}

/** Aborted once the response is sent or the client is gone. */
function closeOf(res: Closing): AbortSignal {
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
