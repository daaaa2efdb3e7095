import { getRequestListener } from "@hono/node-server";
import { verifySession } from "@usermeta/hono";
import { Hono, type MiddlewareHandler } from "hono";
import { serve } from "../../serve.ts";
import { type Contender, type Contenders, hello, type Setup } from "../http/setup.ts";
import { usermeta } from "./usermeta.ts";

const behind =
  (toGuards: (setup: Setup) => MiddlewareHandler[] | Promise<MiddlewareHandler[]>): Contender =>
  async (setup) => {
    const app = new Hono();
    for (const guard of await toGuards(setup)) app.use(guard);
    app.get("/", (c) => c.json(hello));
    const listener = getRequestListener(app.fetch);
    return (await serve((req, res) => void listener(req, res))).port;
  };

/** Guards on Hono 4 by its own server for Node. */
export const contenders: Contenders = {
  bare: behind(() => []),
  usermeta: behind((setup) => [verifySession(usermeta(setup)) as MiddlewareHandler]),
  "hono/jwk": behind(async ({ issuer, audience, algorithm, jwk }) => {
    const { jwk: guard } = await import("hono/jwk");
    return [guard({ keys: [jwk as never], alg: [algorithm], verification: { iss: issuer, aud: audience } })];
  }),
};
