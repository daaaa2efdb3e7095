import { createApp } from "@usermeta/example-hono";
import { testBinding } from "@usermeta/testkit";
import { onPatientNode } from "../host/fetch.ts";
import { serve } from "../serve.ts";

for (const prefix of ["", "/usermeta"])
  testBinding(
    `hono${prefix && ` under ${prefix}`}`,
    ({ meta, routes }) => {
      const app = createApp({ meta, routes, prefix: prefix || "/" });
      app.get("/other", (c) => c.body(null, 204));
      app.onError((_error, c) => c.text("error", 500)); // Hono's own prints the stack of every error
      return serve(onPatientNode(app.fetch));
    },
    { prefix, absoluteForm: true }, // `Request` tells no form of a target from another
  );
