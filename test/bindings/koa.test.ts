import { createApp } from "@usermeta/example-koa";
import { type Mount, testBinding } from "@usermeta/testkit";
import { serve } from "../serve.ts";

const mountAt =
  (prefix: string): Mount =>
  ({ meta, routes }) => {
    const app = createApp({ meta, routes, prefix });
    app.silent = true; // Koa prints the stack of every error
    app.use((ctx) => {
      if (ctx.path === "/other") ctx.status = 204;
    });
    const handle = app.callback();
    return serve((req, res) => void handle(req, res));
  };

testBinding("koa", mountAt("/"));
testBinding("koa under /usermeta", mountAt("/usermeta"), { prefix: "/usermeta" });
