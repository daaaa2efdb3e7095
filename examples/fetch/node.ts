import type { RequestListener } from "node:http";
import { getRequestListener } from "@hono/node-server";

/** A fetch handler for `node:http`. Bun, Deno and Workers take it as it is. */
export function onNode(fetch: (request: Request) => Response | Promise<Response>): RequestListener {
  const listener = getRequestListener(fetch);
  return (req, res) => void listener(req, res);
}
