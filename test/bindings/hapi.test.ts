import { createServer } from "@usermeta/example-hapi";
import { type Mount, testBinding } from "@usermeta/testkit";

const mountAt =
  (prefix: string): Mount =>
  async ({ meta, routes }) => {
    const server = await createServer({ meta, routes, prefix, hapi: { host: "127.0.0.1", debug: false } });
    server.route({ method: "GET", path: "/other", handler: (_request, h) => h.response().code(204) });
    await server.start();
    return { port: Number(server.info.port), close: () => server.stop({ timeout: 0 }) };
  };

testBinding("hapi", mountAt("/"));
testBinding("hapi under /usermeta", mountAt("/usermeta"), { prefix: "/usermeta" });
