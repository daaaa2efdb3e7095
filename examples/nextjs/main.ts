import { createServer } from "node:http";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { createApp } from "./server.ts";

const port = Number(process.env["PORT"] ?? 3000);
const origin = `http://127.0.0.1:${port}`;

// The demo signs its own tokens, and so listens on this machine only.
const { issuer, audience, jwks } = await testVerifier();
const token = await mintToken({ sub: "ada" });
const environment = { ISSUER: issuer, AUDIENCE: audience, JWKS: JSON.stringify(jwks), ORIGIN: origin };
Object.assign(process.env, environment, { NEXT_TELEMETRY_DISABLED: "1" });

const app = await createApp({ dev: true });
const cookie = `session=${token}; Path=/; HttpOnly; SameSite=Lax`;
const server = createServer((req, res) => {
  if (req.url === "/signin") res.writeHead(303, { location: "/", "set-cookie": cookie }).end();
  else app(req, res);
});
server.listen(port, "127.0.0.1", () => {
  process.stdout.write(`
Open ${origin}/signin

TOKEN='${token}'
curl -s '${origin}/usermeta/me/metadata' -H "authorization: Bearer $TOKEN"; echo
curl -s '${origin}/usermeta/me/metadata' -X PATCH -H "authorization: Bearer $TOKEN" -H 'content-type: application/json' -d '{"unsafe":{"theme":"dark"}}'; echo
curl -s '${origin}/updateinfo' -X POST -H "authorization: Bearer $TOKEN"; echo
curl -s '${origin}/api/preferences' -H "authorization: Bearer $TOKEN"; echo
`);
});
