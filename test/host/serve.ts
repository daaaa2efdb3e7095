import { type HttpResponse, hasClaim, type Routes, type UserMeta, type VerifySessionOptions } from "@usermeta/core";
import { createListener } from "../../packages/usermeta/src/serve/listener.ts";
import type { Log } from "../../packages/usermeta/src/serve/log.ts";
import { createMetrics } from "../../packages/usermeta/src/serve/metrics.ts";
import { serve } from "../serve.ts";
import type { Serve } from "./config.ts";

/** What the examples' `GET /pro` asks of a session. */
const pro = {
  claims: [hasClaim("email_verified", true)],
  requireMetadata: ({ public: { plan } }) => plan === "pro",
  fresh: "token",
} satisfies VerifySessionOptions;

/** The routes behind a guard that the examples of bindings have. */
function guarded(meta: UserMeta): Routes {
  const routes: Readonly<Record<string, VerifySessionOptions>> = {
    "/whoami": {},
    "/pro": pro,
    "/optional": { sessionRequired: false },
  };
  return {
    table: Object.keys(routes).map((path) => ({ method: "GET", path })),
    handle(request) {
      const options = routes[request.url.split("?", 1)[0] ?? ""];
      if (options === undefined || !["GET", "HEAD"].includes(request.method)) return undefined;
      return answer(Promise.resolve(meta.guard(request, options)));
    },
  };

  async function answer(verdict: Promise<Awaited<ReturnType<UserMeta["guard"]>>>): Promise<HttpResponse> {
    const { session, response } = await verdict;
    const headers = { "content-type": "application/json" };
    return response ?? { status: 200, headers, body: JSON.stringify({ userId: session?.userId ?? null }) };
  }
}

const none: Log = { info: () => {}, warn: () => {}, error: () => {} };

/** What is nobody's gets a bare 404, as on the other hosts. */
const nowhere: Routes = { table: [], handle: async () => ({ status: 404, headers: {}, body: "Not Found\n" }) };

/** The server of `usermeta serve`, without its command line. */
export const onServe: Serve = ({ meta, routes, port }) => {
  const apis = [...routes, guarded(meta), nowhere].map((each) => ({ name: "host", routes: each }));
  const { listener } = createListener({ apis, isQuiet: true, log: none, metrics: createMetrics() });
  return serve(listener, port);
};
