import { createApp } from "@usermeta/example-fetch";
import { onNode } from "../../examples/fetch/node.ts";
import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";

export const onFetch: Serve = ({ meta, routes, port }) => serve(onNode(createApp({ meta, routes, prefix: "/" })), port);
