import { createServer as createListener } from "node:http";
import { createServer } from "@usermeta/example-hapi";
import type { Serve } from "./config.ts";

export const onHapi: Serve = async ({ meta, routes, port }) => {
  const listener = createListener({ maxHeaderSize: 65_536 });
  const server = await createServer({ meta, routes, prefix: "/", hapi: { listener, port, host: "127.0.0.1" } });
  await server.start();
  return { port: Number(server.info.port), close: () => server.stop({ timeout: 0 }) };
};
