import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";

// @ts-expect-error a loader has no types
await import("@oxc-node/core/register"); // the example's decorators are more than types for Node to strip
const { createApp } = await import("@usermeta/example-loopback");

export const onLoopback: Serve = async ({ meta, routes, port }) => {
  const app = createApp({ meta, routes, prefix: "/", rest: { listenOnStart: false } });
  await app.start();
  return serve(app.requestHandler, port);
};
