import { fileURLToPath } from "node:url";
import { createUserMeta, jwtVerifier, metadataRoutes } from "@usermeta/core";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { openStore } from "usermeta";
import { createServer } from "./app.ts";

const meta = createUserMeta({
  store: await openStore(process.env["STORE"] ?? `sqlite:${fileURLToPath(new URL("demo.db", import.meta.url))}`),
  verifier: jwtVerifier(await testVerifier()), // the demo signs its own tokens, and so listens on this machine only
});
const hapi = { port: process.env["PORT"] ?? 3000, host: "127.0.0.1" };
const server = await createServer({ meta, routes: metadataRoutes(meta), hapi });
server.ext("onPostStop", () => meta.close());
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => void server.stop());

await server.start();
const origin = server.info.uri;
const token = await mintToken({ sub: "ada" });
process.stdout.write(`
TOKEN='${token}'
curl -s '${origin}/usermeta/me/metadata' -H "authorization: Bearer $TOKEN"; echo
curl -s '${origin}/usermeta/me/metadata' -X PATCH -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"unsafe":{"theme":"dark"}}'; echo
curl -s '${origin}/updateinfo' -X POST -H "authorization: Bearer $TOKEN"; echo
curl -s '${origin}/preferences' -H "authorization: Bearer $TOKEN"; echo
`);
