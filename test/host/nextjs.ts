import { createApp } from "@usermeta/example-nextjs";
import type { Application as Shared } from "@usermeta/example-nextjs/usermeta";
import { buildSite } from "../../packages/nextjs/test/build.ts";
import { serve } from "../serve.ts";
import type { Application, Serve } from "./config.ts";

/** What the built application serves at the moment; it is loaded once per process. */
let current: Pick<Application, "meta" | "routes">;
const meta = new Proxy({} as Shared["meta"], { get: (_, name) => Reflect.get(current.meta, name) as unknown });
const routes: Shared["routes"] = [
  {
    table: [],
    handle: (request) => {
      for (const table of current.routes) {
        const answer = table.handle(request);
        if (answer) return answer;
      }
      return undefined;
    },
  },
];

let starting: ReturnType<typeof createApp> | undefined;

async function start(): ReturnType<typeof createApp> {
  Object.assign(globalThis, { usermeta: { meta, routes } satisfies Shared });
  Object.assign(process.env, { NODE_ENV: "production", NEXT_TELEMETRY_DISABLED: "1" });
  return createApp({ dir: await buildSite() });
}

/** Serves what lies below `base` as if it lay at the root, because the pages router has its API routes in `/api` only. */
const serveUnder =
  (base: string): Serve =>
  async ({ port, ...application }) => {
    current = application;
    starting ??= start();
    const app = await starting;
    return serve((req, res) => {
      if (req.url?.startsWith("/")) req.url = base + req.url;
      app(req, res);
    }, port);
  };

export const onNextjs: Serve = serveUnder("");
export const onNextjsPages: Serve = serveUnder("/api");
