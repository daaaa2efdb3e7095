import { verifySession } from "@usermeta/koa";
import Koa, { type Middleware } from "koa";
import { serve } from "../../serve.ts";
import { type Contender, type Contenders, hello, type Setup } from "../http/setup.ts";
import { usermeta } from "./usermeta.ts";

const behind =
  (toGuards: (setup: Setup) => Middleware[] | Promise<Middleware[]>): Contender =>
  async (setup) => {
    const app = new Koa();
    for (const guard of await toGuards(setup)) app.use(guard);
    app.use((ctx) => {
      ctx.body = hello;
    });
    const listener = app.callback();
    return (await serve((req, res) => void listener(req, res))).port;
  };

/** Guards on Koa 3. */
export const contenders: Contenders = {
  bare: behind(() => []),
  usermeta: behind((setup) => [verifySession(usermeta(setup)) as Middleware]),
  "koa-jwt": behind(async ({ issuer, audience, algorithm, pem }) => {
    const { default: jwt } = await import("koa-jwt");
    return [jwt({ secret: pem, issuer, audience, algorithms: [algorithm] }) as unknown as Middleware];
  }),
};
