import { execFile } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { serve as listen } from "../../../test/serve.ts";
import { freeze, redis, thaw } from "../../../test/servers.ts";
import { scratchFolder, serve, start } from "./served.ts";

const key = "an-admin-key-of-at-least-32-characters";
const json = { "content-type": "application/json" };
const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });

async function write(url: string, user: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${url}/admin/users/${user}/metadata`, {
    method: "PATCH",
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  });
}

/** An issuer's key set on this machine, and the options that make a server believe it. */
async function issuer(): Promise<string[]> {
  const { issuer: name, audience, jwks } = await testVerifier();
  const server = await listen((_req, res) =>
    res.setHeader("content-type", "application/json").end(JSON.stringify(jwks)),
  );
  onTestFinished(() => server.close());
  const jwksUrl = `http://127.0.0.1:${server.port}/jwks.json`;
  return ["--issuer", name, "--audience", audience, "--jwks-url", jwksUrl, "--algorithms", "ES256"];
}

/** A request whose headers `fetch` would not let us choose. */
async function get(url: string, headers: Record<string, string>): Promise<number> {
  const [response] = (await once(request(url, { headers }).end(), "response")) as [
    { statusCode: number; resume(): void },
  ];
  response.resume();
  return response.statusCode;
}

describe("usermeta serve", () => {
  it("is the workspace's own command, too, from its sources", async () => {
    const root = fileURLToPath(new URL("../../..", import.meta.url));
    const { stdout } = await promisify(execFile)(join(root, "node_modules/.bin/usermeta"), ["serve", "--help"]);
    expect(stdout).toContain("usermeta serve [options]");
  });

  it("keeps metadata in an SQLite file of its folder, over restarts, without being told anything", async () => {
    const first = await serve();
    expect((await write(first.url, "ada", { private: { credits: 3 } })).status).toBe(200);
    expect(await first.stop()).toBe(0);

    const second = await serve([], { folder: first.folder });
    const record = await fetch(`${second.url}/admin/users/ada/metadata`).then((response) => response.json());
    expect(record).toMatchObject({ userId: "ada", private: { credits: 3 }, version: 1 });
  });

  it("serves the users' own routes once it knows their issuer", async () => {
    const { url } = await serve([...(await issuer()), "--store", "memory:"], { env: { USERMETA_ADMIN_KEY: key } });
    const headers = { ...json, ...bearer(await mintToken({ sub: "ada" })) };
    const patched = await fetch(`${url}/me/metadata`, {
      method: "PATCH",
      headers,
      body: '{"unsafe":{"theme":"dark"}}',
    });
    expect(await patched.json()).toMatchObject({ userId: "ada", unsafe: { theme: "dark" } });
    expect((await fetch(`${url}/me/metadata`)).status).toBe(401);
    expect((await fetch(`${url}/admin/users/ada/metadata`, { headers })).status).toBe(401);
  });

  it("takes the session from a cookie, and writes from the origins it is told", async () => {
    const origin = "https://app.example";
    const args = [...(await issuer()), "--cookie", "session", "--origins", `${origin},https://b.example`];
    const { url } = await serve([...args, "--store", "memory:"], { env: { USERMETA_ADMIN_KEY: key } });
    const cookie = `session=${await mintToken({ sub: "ada" })}`;
    const put = async (from: string): Promise<Response> =>
      fetch(`${url}/me/metadata`, { method: "PUT", headers: { ...json, cookie, origin: from }, body: '{"unsafe":{}}' });
    const allowed = await put(origin);
    expect([allowed.status, allowed.headers.get("access-control-allow-origin")]).toEqual([200, origin]);
    expect((await put("https://elsewhere.example")).status).toBe(403);
  });

  it("has no routes for users while it knows no issuer", async () => {
    const { url } = await serve(["--store", "memory:"]);
    const response = await fetch(`${url}/me/metadata`, { headers: bearer(await mintToken({ sub: "ada" })) });
    expect([response.status, await response.json()]).toEqual([404, expect.objectContaining({ code: "not_found" })]);
  });

  it("keeps idle connections longer than Go's client does, which gives them up after 90 seconds", async () => {
    const { url } = await serve(["--store", "memory:"]);
    const response = await fetch(`${url}/healthz`);
    expect(response.headers.get("keep-alive")).toBe("timeout=95");
  });
});

describe("Keys", () => {
  it("are required as soon as others than this machine can connect", async () => {
    for (const host of ["0.0.0.0", "::", "192.0.2.1", "api.example"]) {
      const { ended, printed } = start(["serve", "--port", "0", "--host", host, "--store", "memory:"]);
      expect(await ended, host).toBe(2);
      expect(printed()).toContain("USERMETA_ADMIN_KEY");
    }
  });

  it("come from the environment or a file, several for rotation, and name the actor of the change log", async () => {
    const folder = scratchFolder();
    const other = "another-key-of-at-least-32-characters!";
    writeFileSync(join(folder, "keys"), `${key}\n${other}\n`);
    const env = { USERMETA_ADMIN_KEY_FILE: "keys" };
    const { url } = await serve(["--host", "0.0.0.0", "--store", "memory:"], { folder, env });
    const local = url.replace("0.0.0.0", "127.0.0.1");
    for (const known of [key, other])
      expect((await write(local, "ada", { public: { by: known.length } }, bearer(known))).status).toBe(200);
    expect((await write(local, "ada", {})).status).toBe(401);
    expect((await write(local, "ada", {}, bearer(`${key}x`))).status).toBe(401);
    const history = await fetch(`${local}/admin/users/ada/history`, { headers: bearer(key) });
    const { changes } = (await history.json()) as { changes: { actor: string }[] };
    expect(changes.map(({ actor }) => actor)).toEqual(["key:admin"]); // the second write changed nothing
  });

  it.each([
    ["too short", { USERMETA_ADMIN_KEY: "short" }, "32 characters"],
    ["empty", { USERMETA_ADMIN_KEY: "" }, "empty"],
    ["given twice", { USERMETA_ADMIN_KEY: key, USERMETA_ADMIN_KEY_FILE: "keys" }, "not both"],
    ["in a file that is not there", { USERMETA_ADMIN_KEY_FILE: "keys" }, "cannot be read"],
  ])("that are %s stop it before it listens", async (_what, env, message) => {
    const { ended, printed } = start(["serve", "--port", "0", "--store", "memory:"], { env });
    expect([await ended, printed()]).toEqual([2, expect.stringContaining(message)]);
  });

  it("are no arguments, which every user of a machine can read", async () => {
    const { ended, printed } = start(["serve", "--help"]);
    expect(await ended).toBe(0);
    expect(printed().match(/--[\w-]*(key|secret|token|password)[\w-]*/g)).toEqual(["--tls-key"]); // a file
  });

  it("may be missing on a machine of one's own: web pages that it shows are kept out then", async () => {
    const { url, line } = await serve(["--store", "memory:"]);
    expect(
      (await line("everyone on this machine may read and write everything: set the missing keys"))["missing"],
    ).toEqual(["USERMETA_ADMIN_KEY"]);
    const path = `${url}/admin/users/ada/metadata`;
    const { port } = new URL(url);
    expect(await get(path, {})).toBe(200);
    expect(await get(path, { host: `localhost:${port}`, origin: `http://localhost:${port}` })).toBe(200);
    expect(await get(path, { host: `rebound.example:${port}` }), "DNS rebinding").toBe(403);
    expect(await get(path, { origin: "https://elsewhere.example" }), "another site").toBe(403);
    expect(await get(path, { "sec-fetch-site": "cross-site" }), "another site, without an origin").toBe(403);
  });
});

describe("Without an admin key", () => {
  it("pages of the allowed origins reach their users' own routes, which ask for a session, and no others", async () => {
    const origin = "http://localhost:5173";
    const { url } = await serve([...(await issuer()), "--origins", origin, "--store", "memory:"]);
    const headers = { origin, "sec-fetch-site": "same-site" };
    const session = bearer(await mintToken({ sub: "ada" }));
    expect(await get(`${url}/me/metadata`, { ...headers, ...session })).toBe(200);
    expect(await get(`${url}/me/metadata`, headers)).toBe(401);
    expect(await get(`${url}/admin/users/ada/metadata`, headers)).toBe(403);
    expect(await get(`${url}/admin/users/ada/metadata`, session)).toBe(200);
  });
});

describe("Wrong arguments", () => {
  it.each([
    [["--port", "many"], "0 to 65535"],
    [["--store", "file:x"], "store's URL"],
    [["--issuer", "https://id.example"], "--audience"],
    [["--audience", "a"], "--issuer"],
    [["--compat", "cognito"], "supertokens"],
    [["--tls-cert", "cert.pem"], "--tls-key"],
    [["--config", "nowhere.ts"], "nowhere.ts"],
    [["--colour"], "unknown option"],
  ])("%j end it with code 2 and say what would be right", async (args, message) => {
    const { ended, printed } = start(["serve", ...args]);
    expect([await ended, printed()]).toEqual([2, expect.stringContaining(message)]);
  });

  it("are told apart from a port that is taken, which is named", async () => {
    const taken = createServer();
    await once(taken.listen(0, "127.0.0.1"), "listening");
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    const { ended, printed } = start(["serve", "--store", "memory:", "--port", String(port)]);
    expect([await ended, printed()]).toEqual([2, expect.stringContaining("EADDRINUSE")]);
  });
});

describe("Being told to end", () => {
  it("answers what has come, takes nothing new, closes the store, and exits with 0", async () => {
    const { url, child, ended, lines, line } = await serve();
    const { hostname, port } = new URL(url);
    const body = '{"private":{"credits":1}}';
    const socket = connect(Number(port), hostname);
    let answer = "";
    socket.on("data", (chunk) => (answer += chunk.toString()));
    const head = `PATCH /admin/users/ada/metadata HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: application/json\r\n`;
    socket.write(`${head}content-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
    await fetch(`${url}/healthz`); // by now the server has the head of the other request
    child.kill("SIGTERM");
    await line("ending");
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
    socket.write(body.slice(5));
    expect(await ended).toBe(0);
    expect(answer).toContain("200 OK");
    expect(answer.toLowerCase()).toContain("connection: close");
    expect(lines().at(-1)?.message).toBe("ended");
  });

  it("ends streams of events, which would otherwise go on for hours", async () => {
    const { url, stop } = await serve([...(await issuer()), "--store", "memory:"], {
      env: { USERMETA_ADMIN_KEY: key },
    });
    const headers = bearer(await mintToken({ sub: "ada" }));
    const events = await fetch(`${url}/me/metadata/events`, { headers });
    const reader = (events.body as ReadableStream<Uint8Array>).getReader();
    expect(new TextDecoder().decode((await reader.read()).value)).toContain(": open");
    const ended = stop();
    await expect(
      (async () => {
        while (!(await reader.read()).done);
      })(),
    ).rejects.toThrow();
    expect(await ended).toBe(0);
  });

  it("by one Ctrl-C that arrives twice, as under npx, does so once", async () => {
    const { child, ended, line } = await serve();
    child.kill("SIGINT");
    child.kill("SIGINT");
    await line("ended");
    expect(await ended).toBe(0);
  });

  it("a second time ends it at once", async () => {
    const { url, child, ended, line } = await serve();
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname).on("error", () => {});
    socket.write("PATCH /admin/users/ada/metadata HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n");
    socket.write("content-length: 100\r\n\r\n{");
    await fetch(`${url}/healthz`);
    child.kill("SIGTERM");
    await line("ending");
    await sleep(200); // sooner it would be the echo of the first
    child.kill("SIGTERM");
    expect(await ended).toBe(1);
  });
});

describe("Those who run it", () => {
  it("ask /healthz and /readyz, which tell a store that is out of reach from a process that is", async (context) => {
    const server = await redis();
    if (server === undefined) return context.skip("no Redis is installed");
    onTestFinished(() => server.stop());
    const { url, line } = await serve(["--store", server.url]);
    const status = async (path: string): Promise<number> => (await fetch(url + path)).status;
    expect([await status("/healthz"), await status("/readyz")]).toEqual([200, 200]);
    await freeze(server.pid as number);
    expect([await status("/healthz"), await status("/readyz")]).toEqual([200, 503]);
    expect(await line("the store does not answer")).toMatchObject({ level: "warn", code: "store_unavailable" });
    thaw(server.pid as number);
    await expect.poll(async () => status("/readyz"), { timeout: 30_000 }).toBe(200);
  });

  it("scrape /metrics: requests by route, never by user, and the process's own measures", async () => {
    const { url } = await serve(["--store", "memory:"]);
    for (const user of ["ada", "grace", "alan"]) await write(url, user, { public: { plan: "pro" } });
    await fetch(`${url}/nowhere/ada`);
    const response = await fetch(`${url}/metrics`);
    expect(response.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const labels = 'api="admin",route="/admin/users/{id}/metadata",method="PATCH",status="200"';
    expect(text).toContain(`usermeta_http_request_duration_seconds_count{${labels}} 3`);
    expect(text).toContain('{api="none",route="none",method="GET",status="404"} 1');
    expect(text).toContain("process_resident_memory_bytes");
    expect(text).not.toContain("grace");
  });

  it("read JSON lines that hold no token, no key, no user and no value, whatever was sent", async () => {
    const folder = scratchFolder();
    const token = await mintToken({ sub: "user-5e1f" });
    const expired = await mintToken({ sub: "user-5e1f", exp: 1 });
    const args = [...(await issuer()), "--cookie", "session", "--index", "private.card"];
    const { url, stop, printed, lines } = await serve(args, { folder, env: { USERMETA_ADMIN_KEY: key } });
    const secret = "4111-1111";
    const ids = { "x-request-id": "r-1", traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01` };
    await write(url, "user-5e1f", { private: { card: secret } }, { ...bearer(key), ...ids });
    await write(url, "user-5e1f", { private: secret }, bearer(key));
    await write(url, "user-5e1f", { private: { card: secret } }, { ...bearer(`${key}-wrong`), "x-request-id": token });
    const where = encodeURIComponent(JSON.stringify({ "private.card": secret }));
    await fetch(`${url}/admin/users?where=${where}`, { headers: bearer(key) });
    await fetch(`${url}/admin/users?token=${token}&where=${where}`, { headers: bearer(key) });
    await fetch(`${url}/me/metadata`, { headers: bearer(token) });
    await fetch(`${url}/me/metadata`, { headers: { cookie: `session=${expired}` } });
    await fetch(`${url}/${token}/${key}`, { method: "POST", body: secret });
    await stop();
    const requests = lines().filter(({ message }) => message === "request");
    expect(requests.map(({ method, route, status, code }) => [method, route, status, code])).toEqual([
      ["PATCH", "/admin/users/{id}/metadata", 200, undefined],
      ["PATCH", "/admin/users/{id}/metadata", 400, "not_an_object"],
      ["PATCH", "/admin/users/{id}/metadata", 401, "admin_key_invalid"],
      ["GET", "/admin/users", 200, undefined],
      ["GET", "/admin/users", 400, "invalid_query"],
      ["GET", "/me/metadata", 200, undefined],
      ["GET", "/me/metadata", 401, "token_expired"],
      ["POST", "none", 404, "not_found"],
    ]);
    expect(requests[0]).toMatchObject({ requestId: "r-1", traceId: "a".repeat(32), ms: expect.any(Number) as number });
    for (const hidden of [key, secret, token, expired, token.split(".")[2], "user-5e1f"])
      expect(printed(), "the log").not.toContain(hidden);
    expect(printed().trim().split("\n").length, "every line is JSON").toBe(lines().length);
  });
});
