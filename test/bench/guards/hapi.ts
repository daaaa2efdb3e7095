import { server as createServer, type RouteOptions, type Server } from "@hapi/hapi";
import { verifySession } from "@usermeta/hapi";
import { type Contender, type Contenders, hello, type Setup } from "../http/setup.ts";
import { usermeta } from "./usermeta.ts";

const behind =
  (toOptions: (setup: Setup, server: Server) => RouteOptions | Promise<RouteOptions>): Contender =>
  async (setup) => {
    const server = createServer({ port: 0, host: "127.0.0.1" });
    server.route({ method: "GET", path: "/", options: await toOptions(setup, server), handler: () => hello });
    await server.start();
    return Number(server.info.port);
  };

/** Guards on hapi 21. */
export const contenders: Contenders = {
  bare: behind(() => ({})),
  usermeta: behind((setup) => ({ pre: [verifySession(usermeta(setup))] })),
  "@hapi/jwt": behind(async ({ issuer, audience, algorithm, pem }, server) => {
    const { default: jwt } = await import("@hapi/jwt");
    await server.register(jwt);
    server.auth.strategy("jwt", "jwt", {
      keys: { key: pem, algorithms: [algorithm] },
      verify: { iss: issuer, aud: audience, sub: false },
      validate: false,
    });
    return { auth: "jwt" };
  }),
};
