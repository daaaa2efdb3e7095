import type { AddressInfo } from "node:net";
import { mount } from "@usermeta/fastify";
import Fastify, { type FastifyInstance } from "fastify";
import type { Contenders } from "../http/setup.ts";
import { contendersOn } from "./applications.ts";

/** The routes on Fastify 5. */
export const contenders: Contenders = contendersOn({
  bare: (path, object) => {
    const app = Fastify();
    app.get(path, async () => object);
    app.patch(path, async ({ body }) => body);
    return listen(app);
  },
  mounted: async (routes) => {
    const app = Fastify();
    await app.register(mount(routes));
    return listen(app);
  },
});

async function listen(app: FastifyInstance): Promise<number> {
  await app.listen({ port: 0, host: "127.0.0.1" });
  return (app.server.address() as AddressInfo).port;
}
