import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { freePort } from "../servers.ts";
import { it } from "./browser.ts";

const folder = fileURLToPath(new URL("../../examples/remix/", import.meta.url));

describe("the page of the Remix example", () => {
  let server: ChildProcess;
  let origin: string;
  beforeAll(async () => {
    const port = await freePort();
    origin = `http://127.0.0.1:${port}`;
    const script = `${folder}node_modules/@react-router/dev/bin.cjs`;
    server = spawn(process.execPath, [script, "dev", "--host", "127.0.0.1", "--port", String(port)], {
      cwd: folder,
      env: { ...process.env, NODE_ENV: "development", NODE_OPTIONS: "--conditions=@usermeta/source", ORIGIN: origin },
      stdio: ["ignore", "pipe", "inherit"],
      detached: true, // it starts itself again with more options
    });
    for await (const chunk of server.stdout?.iterator({ destroyOnReturn: false }) ?? [])
      if (String(chunk).includes(origin)) break;
    server.stdout?.resume();
  });
  afterAll(async () => {
    if (server?.pid === undefined) return;
    process.kill(-server.pid);
    if (server.exitCode === null && server.signalCode === null) await once(server, "exit");
  });

  it("is rendered on the server, taken over without a difference, and writes", async ({ page }) => {
    const answer = await page.goto(`${origin}/signin`);
    expect(await answer?.text()).toContain('<p id="unsafe">{&quot;theme&quot;:&quot;light&quot;}</p>');
    const press = async () => {
      await page.getByLabel("Birthday").fill("11-30-1969");
      await page.getByRole("button", { name: "Update birthday" }).click();
      return page.textContent("#unsafe");
    };
    // Until the scripts are there, which are bundled when they are first asked for, the button does nothing.
    const written = '{"theme":"light","birthday":"11-30-1969"}';
    await expect.poll(press, { timeout: 60_000, interval: 1000 }).toBe(written);
    await expect
      .poll(async () => (await page.reload())?.text())
      .toContain("{&quot;theme&quot;:&quot;light&quot;,&quot;birthday&quot;:&quot;11-30-1969&quot;}");
  });
});
