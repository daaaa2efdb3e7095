import { createApp } from "@usermeta/example-express";
import { testBinding } from "@usermeta/testkit";
import express5, { type ErrorRequestHandler } from "express";
// @ts-expect-error an alias of an older major: no types
import express4 from "express4";
import { serve } from "../serve.ts";

/** Answers without Express's habit of printing the stack of every error. */
const onError: ErrorRequestHandler = (error: { status?: number }, _req, res, next) => {
  if (res.headersSent) next(error);
  else res.status(error.status ?? 500).end("error");
};

const expresses = { "express 5": express5, "express 4": express4 as typeof express5 };

for (const [name, express] of Object.entries(expresses))
  for (const prefix of ["", "/usermeta"])
    for (const parsesBodies of [false, true])
      testBinding(
        `${name}${parsesBodies ? " after express.json()" : ""}${prefix && ` under ${prefix}`}`,
        ({ meta, routes }) => {
          const app = express();
          if (parsesBodies) app.use(express.json());
          createApp({ meta, routes, prefix: prefix || "/", app });
          app.get("/other", (_req, res) => void res.status(204).end());
          app.use(onError);
          return serve(app);
        },
        { prefix, parsesBodies, lenientPrefix: name === "express 4" && prefix !== "" },
      );
