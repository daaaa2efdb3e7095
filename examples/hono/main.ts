import { fileURLToPath } from "node:url";
import { serve } from "@hono/node-server";
import { createUserMeta, jwtVerifier, metadataRoutes } from "@usermeta/core";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { openStore } from "usermeta";
import { createApp } from "./app.ts";

const meta = createUserMeta({
  store: await openStore(process.env["STORE"] ?? `sqlite:${fileURLToPath(new URL("demo.db", import.meta.url))}`),
  verifier: jwtVerifier(await testVerifier()), // the demo signs its own tokens, and so listens on this machine only
});
const { fetch } = createApp({ meta, routes: metadataRoutes(meta) });
const token = await mintToken({ sub: "ada" });

serve({ fetch, hostname: "127.0.0.1", port: Number(process.env["PORT"] ?? 3000) }, ({ port }) => {
  const origin = `http://127.0.0.1:${port}`;
  process.stdout.write(`
TOKEN='${token}'
curl -s '${origin}/usermeta/me/metadata' -H "authorization: Bearer $TOKEN"; echo
curl -s '${origin}/usermeta/me/metadata' -X PATCH -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"unsafe":{"theme":"dark"}}'; echo
curl -s '${origin}/updateinfo' -X POST -H "authorization: Bearer $TOKEN"; echo
curl -s '${origin}/preferences' -H "authorization: Bearer $TOKEN"; echo
`);
});
