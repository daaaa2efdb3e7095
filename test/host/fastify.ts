import type { AddressInfo } from "node:net";
import { createApp } from "@usermeta/example-fastify";
import type { Serve } from "./config.ts";

export const onFastify: Serve = async ({ meta, routes, port }) => {
  const fastify = { http: { maxHeaderSize: 65_536 }, forceCloseConnections: true };
  const app = createApp({ meta, routes, prefix: "/", fastify });
  await app.listen({ port, host: "127.0.0.1" });
  return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
};
