import { afterAll, beforeAll, describe, expect } from "vitest";
import { serve } from "../serve.ts";
import { violations } from "./accessibility.ts";
import { it } from "./browser.ts";
import { bundle } from "./bundle.ts";

describe("the harness of browser tests", () => {
  let server: Awaited<ReturnType<typeof serve>>;
  const pages: Record<string, string> = {
    "/good": '<!doctype html><html lang="en"><title>t</title><main><h1>Hello</h1></main>',
    "/bad": '<!doctype html><html lang="en"><title>t</title><main><h1>Hello</h1><input></main>',
    "/policy": "<!doctype html><title>t</title><script>alert(1)</script>",
    "/dialog":
      "<!doctype html><title>t</title><script>alert(1); console.warn(2); setTimeout(() => { throw new Error('3') })</script>",
  };
  beforeAll(async () => {
    pages["/script"] =
      `<!doctype html><title>t</title><script type="module">${await bundle('import { x } from "data:text/javascript,export const x = 7"; document.title = String(x satisfies number);')}</script>`;
    server = await serve((req, res) => {
      const policy =
        req.url === "/policy" || req.url === "/good" ? { "content-security-policy": "default-src 'none'" } : {};
      res.writeHead(200, { "content-type": "text/html", ...policy }).end(pages[req.url ?? ""]);
    });
  });
  afterAll(() => server.close());

  it("opens pages, and finds what is not accessible, whatever their policy", async ({ page }) => {
    await page.goto(`http://127.0.0.1:${server.port}/good`);
    expect(await page.textContent("h1")).toBe("Hello");
    expect(await violations(page)).toEqual([]);
    await page.goto(`http://127.0.0.1:${server.port}/bad`);
    expect(await violations(page)).toEqual([expect.stringMatching(/^label: .*<input>$/)]);
  });

  it("bundles scripts from TypeScript", async ({ page }) => {
    await page.goto(`http://127.0.0.1:${server.port}/script`);
    await expect.poll(() => page.title()).toBe("7");
  });

  it("notices dialogs, uncaught errors, warnings and violated policies", async ({ page, problems }) => {
    await page.goto(`http://127.0.0.1:${server.port}/dialog`);
    await expect.poll(() => problems).toEqual(["dialog: 1", "console: 2", "uncaught: 3"]);
    problems.length = 0;
    await page.goto(`http://127.0.0.1:${server.port}/policy`);
    await expect.poll(() => problems).toEqual([expect.stringContaining("Content Security Policy")]);
    problems.length = 0;
  });
});
