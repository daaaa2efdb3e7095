import type { AddressInfo } from "node:net";
import { createApp } from "@usermeta/example-fastify";
import { type Mount, testBinding } from "@usermeta/testkit";

const mountAt =
  (prefix: string): Mount =>
  async ({ meta, routes }) => {
    const app = createApp({ meta, routes, prefix, fastify: { forceCloseConnections: true } });
    app.get("/other", (_request, reply) => reply.code(204).send());
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
  };

testBinding("fastify", mountAt("/"));
testBinding("fastify under /usermeta", mountAt("/usermeta"), { prefix: "/usermeta" });
