import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onNode } from "../examples/fetch/node.ts";
import { audience, issuer, key, secret } from "../packages/fetch/test/credentials.ts";
import worker from "../packages/fetch/test/worker.ts";
import { serve } from "./serve.ts";
import { freePort, which } from "./servers.ts";
import { type RawAnswer, type RawRequest, send } from "./vectors/socket.ts";

const file = fileURLToPath(new URL("../packages/fetch/test/worker.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "usermeta-runtimes-"));
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

/** The programs' arguments for serving the worker, from its TypeScript source where they can. */
const runtimes: Readonly<Record<string, (port: number) => Promise<readonly string[]>>> = {
  bun: async () => ["--conditions=@usermeta/source", file],
  deno: async (port) =>
    `serve --no-check --node-modules-dir=manual --conditions=@usermeta/source -A --host=127.0.0.1 --port=${port}`
      .split(" ")
      .concat(file),
  workerd: async (port) => ["serve", await workerdConfig(port)],
};

/** The program that `.ci/run` has installed, or the machine's: too large to be everybody's dependencies. */
function programOf(name: string): string | undefined {
  const own = fileURLToPath(new URL(`../node_modules/.runtimes/node_modules/.bin/${name}`, import.meta.url));
  return existsSync(own) ? own : which(name);
}

/** Bundles the worker with the Vite that Vitest brings, as people bundle for Workers. */
async function workerdConfig(port: number): Promise<string> {
  const vite = createRequire(createRequire(import.meta.url).resolve("vitest/package.json")).resolve("vite");
  const { build } = (await import(vite)) as { build: (options: object) => Promise<unknown> };
  const conditions = ["@usermeta/source", "workerd", "worker", "import"];
  await build({
    configFile: false,
    logLevel: "warn",
    build: {
      ssr: file,
      outDir: folder,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: "worker.js" } },
    },
    ssr: { target: "webworker", noExternal: true, external: ["node:crypto"], resolve: { conditions } },
  });
  const config = join(folder, "worker.capnp");
  const [service, socket, main] = [
    `services = [(name = "main", worker = .main)]`,
    `sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]`,
    `modules = [(name = "worker", esModule = embed "worker.js")], compatibilityDate = "2025-09-01"`,
  ];
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (${service}, ${socket});
const main :Workerd.Worker = (${main}, compatibilityFlags = ["nodejs_compat"]);\n`,
  );
  return config;
}

const hopHeaders = ["connection", "date", "keep-alive", "transfer-encoding", "server"];

/** An answer without what differs between any two servers: times, random parts, what belongs to the connection. */
function comparable({ status, headers, body }: RawAnswer): unknown {
  const plain = (text: string): string =>
    text
      .replace(/[\w-]{8,}\.\d+(?=\\?")/g, "E")
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "T")
      .replace(/; ?charset=utf-8$/i, ""); // of the application's own answers: each runtime writes it in its own way
  const own = [...headers].filter(([name]) => !hopHeaders.includes(name)).map(([name, value]) => [name, plain(value)]);
  return { status, headers: Object.fromEntries(own) as unknown, body: plain(body) };
}

describe.each(Object.keys(runtimes))("the fetch binding on %s", (name) => {
  const program = programOf(name);
  const missing = `${name} is not installed`;
  let node: Awaited<ReturnType<typeof serve>>;
  let port: number;
  let authorization: string;

  beforeAll(async () => {
    if (program === undefined) return;
    authorization = `Bearer ${await new SignJWT({ iss: issuer, aud: audience, sub: name })
      .setProtectedHeader({ alg: "HS256" })
      .setExpirationTime("1h")
      .sign(new TextEncoder().encode(secret))}`;
    node = await serve(onNode(worker.fetch));
    port = await freePort();
    const args = await runtimes[name]?.(port);
    const child = spawn(program, args ?? [], { env: { ...process.env, PORT: `${port}` }, stdio: "pipe" });
    children.push(child);
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
    for (let tries = 0; (await send(port, { method: "GET", path: "/" })).status === 0; tries++) {
      if (tries === 100 || child.exitCode !== null) throw new Error(`${name} does not listen: ${said}`);
      await sleep(100);
    }
  });
  afterAll(() => node?.close());

  const me = "/usermeta/me/metadata";
  const json = ["content-type", "application/json"] as const;
  const own = (request: Partial<RawRequest> = {}): RawRequest => ({
    method: "GET",
    path: me,
    ...request,
    headers: [["authorization", authorization], ...(request.headers ?? [])],
  });
  const patch = (body: string | Uint8Array, more: Partial<RawRequest> = {}): RawRequest =>
    own({ method: "PATCH", headers: [json], body, ...more });
  const admin = (path: string, method = "GET"): RawRequest => ({
    method,
    path: `/usermeta/admin/users${path}`,
    headers: [["authorization", `Bearer ${key}`]],
  });

  it.for<readonly [what: string, request: () => RawRequest]>([
    ["no session", () => ({ method: "GET", path: me })],
    ["a bad token", () => ({ method: "GET", path: me, headers: [["authorization", "Bearer x.y.z"]] })],
    ["two Authorization lines", () => own({ headers: [["Authorization", authorization]] })],
    ["a guarded handler", () => own({ path: "/whoami" })],
    ["an optional session", () => ({ method: "GET", path: "/optional" })],
    ["an unknown user", () => own()],
    ["a write", () => patch('{"unsafe":{"name":"\u017dofie \ud83d\ude00"}}')],
    ["a write in chunks", () => patch('{"unsafe":{"a":1}}', { chunked: true })],
    ["what was written", () => own()],
    ["HEAD", () => own({ method: "HEAD" })],
    ["OPTIONS", () => own({ method: "OPTIONS" })],
    ["another method", () => own({ method: "POST" })],
    [
      "a preflight",
      () =>
        own({
          method: "OPTIONS",
          headers: [
            ["origin", "https://app.test"],
            ["access-control-request-method", "PUT"],
          ],
        }),
    ],
    [
      "a cookie from another site",
      () => ({
        method: "POST",
        path: "/clearinfo",
        headers: [
          ["cookie", `session=${authorization.slice(7)}`],
          ["origin", "https://evil.test"],
        ],
      }),
    ],
    ["duplicate keys", () => patch('{"unsafe":{"a":1,"a":2}}')],
    ["invalid UTF-8", () => patch(Buffer.from('{"unsafe":{"a":"\xff"}}', "latin1"))],
    ["no body", () => patch("")],
    ["a body above the limit", () => patch(JSON.stringify({ unsafe: { a: "x".repeat(66_000) } }), { chunked: true })],
    ["another type", () => patch("{}", { headers: [["content-type", "text/plain"]] })],
    ["the wrong version", () => patch('{"unsafe":{"a":2}}', { headers: [json, ["if-match", '"0"']] })],
    ["an encoded user id", () => admin("/a%2Fb%20c%3F/metadata")],
    ["a user id that is none", () => admin("/a%00b/metadata")],
    ["erasing", () => admin(`/${name}`, "DELETE")],
    ["the history", () => admin(`/${name}/history`)],
    ["another path", () => own({ path: "/usermeta/nowhere" })],
    ["two slashes", () => own({ path: "/usermeta//me/metadata" })],
  ])("answers %s as on Node", async ([, request], context) => {
    if (program === undefined) return context.skip(missing);
    const [wanted, answer] = [await send(node.port, request()), await send(port, request())];
    expect(wanted.status).toBeGreaterThan(0);
    expect(comparable(answer)).toEqual(comparable(wanted));
  });

  it("answers 304 to the current ETag", async (context) => {
    if (program === undefined) return context.skip(missing);
    const etag = (await send(port, patch('{"unsafe":{"a":3}}'))).headers.get("etag") ?? "";
    const { status, body } = await send(port, own({ headers: [["if-none-match", etag]] }));
    expect([status, body]).toEqual([304, ""]);
  });

  it("streams, and stops when the client leaves", async (context) => {
    if (program === undefined) return context.skip(missing);
    await new Promise<void>((resolve, reject) => {
      const sent = get({ host: "127.0.0.1", port, path: "/usermeta/stream", agent: false }, (received) => {
        received.on("error", () => undefined);
        received.once("data", (chunk: Buffer) => {
          expect(chunk.toString()).toMatch(/^one\n/);
          received.destroy();
          resolve();
        });
      });
      sent.on("error", reject);
    });
    await expect.poll(async () => (await send(port, { method: "GET", path: "/usermeta/left" })).body).toBe("1");
  });
});
