import type { RequestListener } from "node:http";
import { createApp } from "@usermeta/example-fetch";
import { onNode } from "../../examples/fetch/node.ts";
import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";

/**
 * A fetch handler on Node that takes the rest of a refused body, however long that lasts. @hono/node-server closes the
 * connection after half a second, which is not long on a busy machine.
 */
export function onPatientNode(fetch: Parameters<typeof onNode>[0]): RequestListener {
  const listener = onNode(fetch);
  return (req, res) => {
    res.once("finish", () => {
      Object.defineProperty(req, "readableEnded", { value: true }); // so it leaves the rest alone
      req.removeAllListeners("data").resume(); // the body's web stream would pause it
    });
    listener(req, res);
  };
}

export const onFetch: Serve = ({ meta, routes, port }) =>
  serve(onPatientNode(createApp({ meta, routes, prefix: "/" })), port);
