import { createApp } from "@usermeta/example-fetch";
import { testBinding } from "@usermeta/testkit";
import { onPatientNode } from "../host/fetch.ts";
import { serve } from "../serve.ts";

for (const prefix of ["", "/usermeta"])
  testBinding(
    `fetch${prefix && ` under ${prefix}`}`,
    ({ meta, routes }) => {
      const app = createApp({ meta, routes, prefix });
      const other = new Response(null, { status: 204 });
      return serve(
        onPatientNode((request) => (new URL(request.url).pathname === "/other" ? other.clone() : app(request))),
      );
    },
    { prefix, absoluteForm: true }, // `Request` tells no form of a target from another
  );
