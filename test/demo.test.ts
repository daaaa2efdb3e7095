import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const main = fileURLToPath(new URL("../examples/express/main.ts", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "usermeta-demo-"));
const file = join(folder, "demo.db");
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill("SIGKILL");
  rmSync(folder, { recursive: true });
});

interface Running {
  readonly child: ChildProcess;
  readonly origin: string;
  readonly output: string;
}

/** Starts the demo, and waits until it has printed its whole tour. */
async function start(port = 0, command: readonly string[] = ["--conditions=@usermeta/source", main]): Promise<Running> {
  const env = { ...process.env, PORT: String(port), STORE: `sqlite:${file}` };
  const child = spawn(process.execPath, command, { env, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  let output = "";
  child.stderr.on("data", (chunk: Buffer) => (output += String(chunk)));
  for await (const chunk of child.stdout.iterator({ destroyOnReturn: false })) {
    output += String(chunk);
    const origin = /Open +(\S+)/.exec(output)?.[1];
    if (origin !== undefined && /where=.*\n$/.test(output)) return { child, origin, output };
  }
  throw new Error(`the demo ended before it listened:\n${output}`);
}

async function stop({ child }: Running, signal: NodeJS.Signals = "SIGTERM"): Promise<unknown> {
  const exited = once(child, "exit");
  child.kill(signal);
  return (await exited)[0];
}

interface Line {
  readonly url: string;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | undefined;
}

/** The printed curl lines as requests, with the printed tokens filled in. */
function tour(output: string): Line[] {
  const tokens = new Map([...output.matchAll(/^([A-Z]+)='(.+)'$/gm)].map(([, name, token]) => [name, token]));
  return [...output.matchAll(/^curl -s '([^']+)'(.*); echo$/gm)].map(([, url = "", rest = ""]) => {
    const headers = [...rest.matchAll(/-H (["'])(.+?)\1/g)].map(([, , line = ""]) => {
      const [name = "", value = ""] = line.split(": ");
      return [name, value.replace(/\$([A-Z]+)/, (_, user: string) => tokens.get(user) ?? "")];
    });
    return {
      url,
      method: /-X ([A-Z]+)/.exec(rest)?.[1] ?? "GET",
      headers: Object.fromEntries(headers) as Record<string, string>,
      body: /-d '(.+?)'/.exec(rest)?.[1],
    };
  });
}

async function answer({ url, method, headers, body }: Line): Promise<[number, unknown]> {
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  return [response.status, await response.json()];
}

describe("the demo", () => {
  it("answers its own tour as it says, and keeps the data over a restart", async () => {
    const demo = await start();
    const answers: [number, unknown][] = [];
    for (const line of tour(demo.output)) answers.push(await answer(line));
    const merged = { preferences: { theme: "dark" }, notifications: { sms: true } };
    const example = { preferences: { theme: "dark" }, notifications: { email: true }, todos: ["use-text-notifs"] };
    expect(answers).toMatchObject([
      [200, { userId: "grace", public: { plan: "pro" }, unsafe: example, version: 1 }],
      [200, { unsafe: example, version: 1 }],
      [200, { unsafe: merged, version: 2 }],
      [400, { code: "scope_forbidden" }],
      [200, { message: "successfully updated user metadata" }],
      [200, { preferences: { theme: "dark" } }],
      [200, { public: { plan: "enterprise", since: 2024 } }],
      [200, { private: { ...example, newKey: "data", credits: 12 }, unsafe: merged, version: 4 }],
      [200, { changes: [{ actor: "user:ada", version: 4 }, { actor: "server" }, { actor: "user:grace" }] }],
      [200, { users: [{ userId: "ada" }] }],
    ]);
    expect(JSON.stringify(answers[0])).not.toContain("credits");
    expect(await stop(demo)).toBe(0);

    const again = await start();
    const [first] = tour(again.output);
    expect(await answer(first as Line)).toMatchObject([200, { public: { plan: "enterprise" }, unsafe: merged }]);
    expect(await stop(again)).toBe(0);
  });

  it("leaves no process and no lock behind, however it ends", async () => {
    expect(await stop(await start(), "SIGINT")).toBe(0);
    expect([`${file}-wal`, `${file}-shm`].filter(existsSync)).toEqual([]);
    await stop(await start(), "SIGKILL");
    expect(await stop(await start())).toBe(0);
  });

  it.runIf(existsSync("/proc/self/stat"))("ends when the package manager that started it is killed", async () => {
    const runner = join(folder, "npx-stand-in.mjs");
    const spawned = `spawn(process.execPath, ["--conditions=@usermeta/source", ${JSON.stringify(main)}], { stdio: "inherit" })`;
    writeFileSync(runner, `import { spawn } from "node:child_process"; ${spawned};`);
    const demo = await start(0, [runner]);
    await stop(demo, "SIGKILL");
    await expect.poll(() => fetch(demo.origin).catch(() => "gone"), { timeout: 5000 }).toBe("gone");
  });

  it("takes the next port when the wanted one is taken, and says so", async () => {
    const first = await start();
    const port = Number(new URL(first.origin).port);
    const second = await start(port);
    expect(Number(new URL(second.origin).port)).toBeGreaterThan(port);
    expect(second.output).toContain(`(port ${port} is taken)`);
    await Promise.all([stop(first), stop(second)]);
  });

  it("serves a page that needs nothing from elsewhere", async () => {
    const demo = await start();
    const page = await fetch(demo.origin);
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'none'; script-src 'self'/);
    expect(page.headers.get("cache-control")).toBe("no-store");
    const files = [...(await page.text()).matchAll(/<(?:link|script)\b[^>]* (?:href|src)="([^"]+)"/g)].map(([, name]) =>
      String(name),
    );
    expect(files).toHaveLength(3);
    const names = /http:\/\/www\.w3\.org\/|https:\/\/react\.dev\/errors\//g; // of namespaces and of errors, never asked for
    for (const name of files) {
      const response = await fetch(`${demo.origin}/${name}`);
      expect([name, response.status]).toEqual([name, 200]);
      expect((await response.text()).replace(names, "")).not.toMatch(/https?:\/\//);
    }
    await stop(demo);
  });

  it("signs anybody in, so it answers on this machine only, and to its own page only", async () => {
    const demo = await start();
    const elsewhere = await new Promise<[number | undefined, string]>((resolve, reject) => {
      const sent = request(demo.origin, { headers: { host: "demo.evil.test" } }, (response) => {
        let body = "";
        response.on("data", (chunk) => (body += String(chunk)));
        response.on("end", () => resolve([response.statusCode, body]));
      });
      sent.on("error", reject).end();
    });
    expect(elsewhere).toEqual([403, expect.stringContaining("on this machine only")]);

    const json = { "content-type": "application/json" };
    const signin = await fetch(`${demo.origin}/signin`, { method: "POST", headers: json, body: '{"userId":"alan"}' });
    const cookie = String(signin.headers.get("set-cookie"));
    expect(cookie).toMatch(/^usermeta-demo=[\w.-]+;.*HttpOnly; SameSite=Lax$/);
    const write = (headers: Record<string, string>) =>
      answer({
        url: `${demo.origin}/usermeta/me/metadata`,
        method: "PATCH",
        headers: { ...json, cookie: String(cookie.split(";")[0]), ...headers },
        body: '{"unsafe":{"seen":true}}',
      });
    expect(await write({ origin: "https://evil.test" })).toMatchObject([403, { code: "origin_forbidden" }]);
    expect(await write({ origin: demo.origin })).toMatchObject([200, { unsafe: { seen: true } }]);
    const activity = { url: `${demo.origin}/activity`, method: "GET", headers: { cookie }, body: undefined };
    const [status, told] = await answer(activity);
    expect([status, JSON.stringify(told).includes("/private")]).toEqual([200, false]);
    await stop(demo);
  });
});
