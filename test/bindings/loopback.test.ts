import { createApp } from "@usermeta/example-loopback";
import { testBinding } from "@usermeta/testkit";
import { serve } from "../serve.ts";

for (const prefix of ["", "/usermeta"])
  testBinding(
    `loopback${prefix && ` under ${prefix}`}`,
    async ({ meta, routes }) => {
      const app = createApp({ meta, routes, prefix, rest: { listenOnStart: false } });
      app.bind("rest.sequence.actions.logError").to(() => undefined);
      app.route("get", "/other", { responses: {} }, () => undefined);
      await app.start();
      const server = await serve(app.requestHandler);
      return { port: server.port, close: () => Promise.all([server.close(), app.stop()]) };
    },
    { prefix },
  );
