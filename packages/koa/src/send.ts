import { Readable } from "node:stream";
import type { HttpResponse } from "@usermeta/core";
import type { ParameterizedContext } from "koa";

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
