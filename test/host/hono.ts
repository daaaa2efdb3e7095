import { createApp } from "@usermeta/example-hono";
import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";
import { onPatientNode } from "./fetch.ts";

export const onHono: Serve = ({ meta, routes, port }) =>
  serve(onPatientNode(createApp({ meta, routes, prefix: "/" }).fetch), port);
