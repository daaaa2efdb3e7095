import { createApp } from "@usermeta/example-koa";
import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";

export const onKoa: Serve = ({ meta, routes, port }) => {
  const handle = createApp({ meta, routes, prefix: "/" }).callback();
  return serve((req, res) => void handle(req, res), port);
};
