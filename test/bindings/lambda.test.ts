import { createFunctions } from "@usermeta/example-lambda";
import { testBinding } from "@usermeta/testkit";
import { gateway } from "../host/gateway.ts";
import { serve } from "../serve.ts";

for (const [name, format] of [
  ["a function URL (payload 2.0)", "2.0"],
  ["a REST API (payload 1.0)", "1.0"],
  ["a load balancer", "alb"],
] as const)
  for (const prefix of ["", "/usermeta"])
    testBinding(
      `lambda behind ${name}${prefix && ` under ${prefix}`}`,
      ({ meta, routes }) => {
        const functions = createFunctions({ meta, routes, prefix });
        const other = async () => ({ statusCode: 204, body: "" });
        return serve(gateway(format, { "GET /other": other, ...functions }));
      },
      { prefix, buffersBodies: true, decodesQuery: format === "1.0" },
    );
