import { createUserMeta, jwtVerifier, memoryStore } from "@usermeta/core";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { createApp } from "./app.ts";

const port = Number(process.env["PORT"] ?? 3000);
const origin = `http://127.0.0.1:${port}`;

// The demo signs its own tokens, and so listens on this machine only.
const verifier = jwtVerifier(await testVerifier());
const meta = createUserMeta({ store: memoryStore(), verifier, cookie: { name: "session" }, origins: [origin] });
await meta.update("ada", { public: { plan: "pro" }, private: { credits: 12 } });

const app = await createApp(meta);
app.get("/signin", async (_req, res) => {
  res.cookie("session", await mintToken({ sub: "ada" }), { httpOnly: true, sameSite: "lax" }).redirect("/");
});
app.listen(port, "127.0.0.1", () => process.stdout.write(`Open ${origin}/signin\n`));
