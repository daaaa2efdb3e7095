// What test/runtimes.test.ts serves: `bun worker.ts`, `deno serve worker.ts`, and bundled for workerd. No Node here.
import {
  adminKey,
  adminRoutes,
  createUserMeta,
  jwtVerifier,
  memoryStore,
  metadataRoutes,
  type Routes,
} from "@usermeta/core";
import { createApp } from "../../../examples/fetch/app.ts";
import { audience, issuer, key, secret } from "./credentials.ts";

const meta = createUserMeta({
  store: memoryStore(),
  verifier: jwtVerifier({ issuer, audience, secret: new TextEncoder().encode(secret), algorithms: ["HS256"] }),
  cookie: { name: "session" },
  origins: ["https://app.test"],
});

let left = 0;
/** `/stream` sends lines until its client leaves; `/left` tells how many have. */
const streams: Routes = {
  table: [],
  handle: ({ url, signal }) => {
    if (url === "/left") return Promise.resolve({ status: 200, headers: {}, body: `${left}` });
    if (url !== "/stream") return undefined;
    async function* lines(): AsyncGenerator<string> {
      try {
        while (!signal?.aborted) {
          yield "one\n";
          await new Promise((resolve) => setTimeout(resolve, 20)); // workerd ends what waits for nothing of its own
        }
      } finally {
        left++;
      }
    }
    return Promise.resolve({ status: 200, headers: { "content-type": "text/plain" }, body: lines() });
  },
};

const fetch: (request: Request) => Response | Promise<Response> = createApp({
  meta,
  routes: [metadataRoutes(meta), adminRoutes(meta, { authorize: adminKey({ ops: key }) }), streams],
});
export default { fetch, hostname: "127.0.0.1" };
