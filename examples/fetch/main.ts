import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { createUserMeta, jwtVerifier, metadataRoutes } from "@usermeta/core";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { openStore } from "usermeta";
import { createApp } from "./app.ts";
import { onNode } from "./node.ts";

const meta = createUserMeta({
  store: await openStore(process.env["STORE"] ?? `sqlite:${fileURLToPath(new URL("demo.db", import.meta.url))}`),
  verifier: jwtVerifier(await testVerifier()), // the demo signs its own tokens, and so listens on this machine only
});
const app = createApp({ meta, routes: metadataRoutes(meta) });
const token = await mintToken({ sub: "ada" });

// Bun: Bun.serve({ fetch: app }). Deno: Deno.serve(app). Workers: export default { fetch: app }.
const server = createServer(onNode(app)).listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1", () => {
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.stdout.write(`
TOKEN='${token}'
curl -s '${origin}/usermeta/me/metadata' -H "authorization: Bearer $TOKEN"; echo
curl -s '${origin}/usermeta/me/metadata' -X PATCH -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"unsafe":{"theme":"dark"}}'; echo
curl -s '${origin}/updateinfo' -X POST -H "authorization: Bearer $TOKEN"; echo
curl -s '${origin}/preferences' -H "authorization: Bearer $TOKEN"; echo
`);
});
