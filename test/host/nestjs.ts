import type { Server } from "node:http";
import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";

// @ts-expect-error a loader has no types
await import("@oxc-node/core/register"); // the example's decorators are more than types for Node to strip
const { createApp } = await import("@usermeta/example-nestjs");

const serveOn =
  (platform: "express" | "fastify"): Serve =>
  async ({ meta, routes, port }) => {
    const app = await createApp({ meta, routes, prefix: "/", platform });
    await app.listen(0, "127.0.0.1");
    const nest: Server = app.getHttpServer();
    const server = await serve((req, res) => nest.emit("request", req, res), port); // with its limit for headers
    return { port: server.port, close: () => Promise.all([server.close(), app.close()]) };
  };

export const onExpress: Serve = serveOn("express");
export const onFastify: Serve = serveOn("fastify");
