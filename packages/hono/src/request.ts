import { WebRequest } from "@usermeta/exchange/web";
import type { Context } from "hono";
import { baseRoutePath } from "hono/route";

/** Hono's request as core takes it. */
export async function toRequest(c: Context): Promise<WebRequest> {
  const { raw } = c.req;
  const read = raw.bodyUsed ? new Uint8Array(await c.req.arrayBuffer()) : undefined; // Hono keeps what somebody has read
  return new WebRequest(raw, targetBelow(baseRoutePath(c), c), read);
}

/** The target below a mount as it came: `c.req.path` is decoded, so it only tells how many segments that are. */
function targetBelow(base: string, { req }: Context): string {
  const [, path = "", rest = ""] = /^[^/]*\/\/[^/]*([^?#]*)(.*)$/.exec(req.raw.url) ?? [];
  const depth = req.path.split("/").length - base.replace(/\/$/, "").split("/").length;
  const segments = path.split("/");
  return `/${segments.slice(segments.length - depth).join("/")}${rest}`;
}
