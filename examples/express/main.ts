import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { curlLines } from "./curl.ts";
import { createDemo } from "./demo.ts";
import { onRunnerGone } from "./runner.ts";
import { users } from "./users.ts";

const wanted = Number(process.env["PORT"] ?? 3000);
const store = process.env["STORE"] ?? `sqlite:${fileURLToPath(new URL("demo.db", import.meta.url))}`;

/** Listens on the wanted port of this machine, or on the next free one. */
async function listen(server: Server): Promise<number> {
  for (let port = wanted; ; port++) {
    try {
      await once(server.listen(port, "127.0.0.1"), "listening");
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "EADDRINUSE" || port === 0 || port === wanted + 50) throw error;
    }
  }
}

const server = createServer();
const port = await listen(server);
const opening = createDemo(store, port);
server.on("request", (req, res) => void opening.then(({ app }) => app(req, res))); // early ones wait
const { meta, mint } = await opening;

async function end(): Promise<void> {
  server.close();
  server.closeAllConnections();
  await meta.close();
  process.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => void end());
onRunnerGone(() => void end());

const taken = port === wanted || wanted === 0 ? "" : `   (port ${wanted} is taken)`;
const names = users.map(({ userId, role }) => (role === "admin" ? `${userId} (administrator)` : userId)).join(", ");
process.stdout.write(`
usermeta demo

  Open     http://127.0.0.1:${port}${taken}
  Console  http://127.0.0.1:${port}/usermeta/console   (for administrators: sign in first)
  Sign in  as ${names}; no password: the demo signs its own tokens,
           and therefore answers on this machine only
  Data     ${store.replace(/\/\/[^@/]*@/, "//")}${store.startsWith("sqlite:") ? "   (delete it to start over)" : ""}
  Stop     Ctrl-C

The same with curl, to be pasted in this order (the tokens are good for 12 hours):

${await curlLines(`http://127.0.0.1:${port}`, mint)}
`);
