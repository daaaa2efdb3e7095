import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { it as base, expect, type TestAPI } from "vitest";
import { which } from "../servers.ts";

const missing = "no Chromium is installed: `apt-get install chromium`, or name one in CHROMIUM";

/** What a test with a browser is given. */
export interface BrowserFixtures {
  /** The machine's Chromium, which `.ci/run` installs; `CHROMIUM` names another. */
  readonly executable: string | undefined;
  /** One browser for the file. */
  readonly browser: Browser;
  /** A fresh profile: cookies, storage, and tabs that can talk to each other. */
  readonly context: BrowserContext;
  /** A tab of it. */
  readonly page: Page;
  /**
   * Whatever went wrong in any tab of `context`: dialogs, errors and warnings on the console (policy violations and failed
   * hydration among them), uncaught errors. Answers above 399 are not listed. A test that ends with any fails; one that
   * provokes them empties the list itself.
   */
  readonly problems: string[];
}

/**
 * Vitest's `it` with a real Chromium; where there is none the test is skipped with that reason.
 *
 * ```ts
 * it("shows the theme", async ({ page }) => {
 *   await page.goto(`${site.origin}/`);
 *   await page.getByText("dark").waitFor();
 * });
 * ```
 */
export const it: TestAPI<BrowserFixtures> = base.extend<BrowserFixtures>({
  executable: [
    process.env["CHROMIUM"] ??
      which("chromium", "chromium-browser", "google-chrome", "google-chrome-stable") ??
      onMac(),
    { scope: "file" },
  ],
  browser: [
    async ({ executable }, use) => {
      if (executable === undefined) return use(undefined as never); // nobody sees it: the test is skipped
      // Chromium's sandbox does not work as root, which containers are.
      const browser = await chromium.launch({ executablePath: executable, args: ["--no-sandbox"] });
      await use(browser);
      await browser.close();
    },
    { scope: "file" },
  ],
  problems: async ({ executable, skip }, use) => {
    skip(executable === undefined, missing);
    const problems: string[] = [];
    await use(problems);
    expect(problems, "what went wrong in the browser").toEqual([]);
  },
  context: async ({ browser, problems }, use) => {
    const context = await browser.newContext();
    context.on("page", (page) => watch(page, problems));
    await use(context);
    await context.close();
  },
  page: async ({ context }, use) => use(await context.newPage()),
});

function watch(page: Page, problems: string[]): void {
  page.on("dialog", (dialog) => {
    problems.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("pageerror", (error) => problems.push(`uncaught: ${error.message}`));
  page.on("console", (message) => {
    if (!["error", "warning"].includes(message.type()) || message.text().startsWith("Failed to load resource")) return;
    problems.push(`console: ${message.text()}`);
  });
}

function onMac(): string | undefined {
  const file = "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome";
  return existsSync(file) ? file : undefined;
}
