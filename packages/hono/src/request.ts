import type { HttpRequest } from "@usermeta/core";
import type { Context } from "hono";
import { baseRoutePath } from "hono/route";

/** Hono's request as core takes it. `left` tells that the answer was given up. */
export async function toRequest(c: Context, left: AbortController): Promise<HttpRequest> {
  const { raw } = c.req;
  const { method, headers, bodyUsed } = raw;
  const read = bodyUsed ? new Uint8Array(await c.req.arrayBuffer()) : undefined; // Hono keeps what somebody has read
  return {
    method,
    url: targetBelow(baseRoutePath(c), c),
    headers,
    // Getters, because servers on Node make the stream and the signal only when they are asked for.
    get body() {
      return read ?? raw.body;
    },
    get signal() {
      return AbortSignal.any([raw.signal, left.signal]);
    },
  };
}

/** The target below a mount as it came: `c.req.path` is decoded, so it only tells how many segments that are. */
function targetBelow(base: string, { req }: Context): string {
  const [, path = "", rest = ""] = /^[^/]*\/\/[^/]*([^?#]*)(.*)$/.exec(req.raw.url) ?? [];
  const depth = req.path.split("/").length - base.replace(/\/$/, "").split("/").length;
  const segments = path.split("/");
  return `/${segments.slice(segments.length - depth).join("/")}${rest}`;
}
