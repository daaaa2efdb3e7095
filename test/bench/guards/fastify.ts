import type { AddressInfo } from "node:net";
import jwt from "@fastify/jwt";
import { verifySession } from "@usermeta/fastify";
import Fastify, { type FastifyInstance, type onRequestHookHandler } from "fastify";
import { type Contender, type Contenders, hello, type Setup } from "../http/setup.ts";
import { usermeta } from "./usermeta.ts";

const behind =
  (
    toGuard: (setup: Setup, app: FastifyInstance) => onRequestHookHandler[] | Promise<onRequestHookHandler[]>,
  ): Contender =>
  async (setup) => {
    const app = Fastify();
    app.get("/", { onRequest: await toGuard(setup, app) }, async () => hello);
    await app.listen({ port: 0, host: "127.0.0.1" });
    return (app.server.address() as AddressInfo).port;
  };

const fastifyJwt =
  (cache?: number) =>
  async ({ issuer, audience, algorithm, pem }: Setup, app: FastifyInstance): Promise<onRequestHookHandler[]> => {
    const verify = { algorithms: [algorithm], allowedIss: issuer, allowedAud: audience, ...(cache && { cache }) };
    await app.register(jwt, { secret: { public: pem }, verify });
    return [
      async (request) => {
        await request.jwtVerify();
      },
    ];
  };

/** Guards on Fastify 5. */
export const contenders: Contenders = {
  bare: behind(() => []),
  usermeta: behind((setup) => [verifySession(usermeta(setup)) as onRequestHookHandler]),
  "@fastify/jwt": behind(fastifyJwt()),
  "@fastify/jwt, cache: 20000": behind(fastifyJwt(20_000)),
  "supertokens-node": behind(async (setup) => {
    (await import("./supertokens.ts")).initSuperTokens("fastify", setup);
    const guard = await import("supertokens-node/recipe/session/framework/fastify/index.js");
    return [guard.verifySession() as unknown as onRequestHookHandler];
  }),
};
