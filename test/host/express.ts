import { createApp } from "@usermeta/example-express";
import express5 from "express";
// @ts-expect-error an alias of an older major: no types
import express4 from "express4";
import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";

const serveWith =
  (express: typeof express5): Serve =>
  ({ meta, routes, port }) =>
    serve(createApp({ meta, routes, prefix: "/", app: express() }), port);

export const onExpress5: Serve = serveWith(express5);
export const onExpress4: Serve = serveWith(express4 as typeof express5);
