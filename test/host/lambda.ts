import { createFunctions } from "@usermeta/example-lambda";
import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";
import { type Format, gateway } from "./gateway.ts";

/** Lambda functions behind a gateway of that payload format. */
export const onLambda =
  (format: Format): Serve =>
  ({ meta, routes, port }) =>
    serve(gateway(format, createFunctions({ meta, routes, prefix: "" })), port);
