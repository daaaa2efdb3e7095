import { mount } from "@usermeta/express";
import express from "express";
import { serve } from "../../serve.ts";
import type { Contenders } from "../http/setup.ts";
import { contendersOn } from "./applications.ts";

/** The routes on Express 5. */
export const contenders: Contenders = contendersOn({
  bare: async (path, object) => {
    const app = express();
    app.get(path, (_req, res) => {
      res.json(object);
    });
    app.patch(path, express.json(), (req, res) => {
      res.json(req.body);
    });
    return (await serve(app)).port;
  },
  mounted: async (routes) => (await serve(express().use(mount(routes)))).port,
});
