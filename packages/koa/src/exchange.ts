import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import type { HttpRequest, HttpResponse } from "@usermeta/core";
import type { ParameterizedContext } from "koa";

/** Koa's request as core takes it. `url` is what is left of the target below the mount. */
export function toRequest({ req, res, request }: ParameterizedContext, url: string): HttpRequest {
  const { method = "", headers, rawHeaders, readableDidRead } = req;
  const { rawBody, body } = request as { rawBody?: unknown; body?: unknown }; // body parsers keep both there
  let signal: AbortSignal | undefined;
  return {
    method,
    url,
    headers,
    rawHeaders,
    body: rawBody ?? (readableDidRead ? body : req), // a parsed value no longer tells duplicate keys
    get signal(): AbortSignal {
      signal ??= closeOf(res);
      return signal;
    },
  };
}

/** Answers as core says. The headers come last, because Koa derives some of its own from the body. */
export function send(ctx: ParameterizedContext, { status, headers, body }: HttpResponse): void {
  ctx.status = status;
  if (typeof body === "string") ctx.body = body;
  else if (body instanceof Uint8Array) ctx.body = Buffer.from(body);
  else {
    ctx.body = Readable.from(body);
    ctx.res.once("pipe", () => ctx.flushHeaders()); // the first line may be a long time coming
  }
  ctx.set(headers);
}

/** Aborted once the response is sent or the client is gone. */
function closeOf(res: ServerResponse): AbortSignal {
  const controller = new AbortController();
  res.once("close", () => controller.abort());
  return controller.signal;
}
