import { createApp } from "@usermeta/example-hono";
import { onNode } from "../../examples/fetch/node.ts";
import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";

export const onHono: Serve = ({ meta, routes, port }) =>
  serve(onNode(createApp({ meta, routes, prefix: "/" }).fetch), port);
