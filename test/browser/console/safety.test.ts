import { existsSync, readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { vectorUrl } from "../../vectors/vectors.ts";
import { it } from "../browser.ts";
import { type Desk, editor, openConsole, openDesk, save, write } from "./desk.ts";

/** What has run as a script in somebody's page before: as text, in attributes, as an address, out of a comment or JSON. */
const payloads = [
  "<script>alert(1)</script>",
  '"><img src=x onerror=alert(1)>',
  "</textarea><svg onload=alert(1)>",
  "javascript:alert(1)",
  "{{constructor.constructor('alert(1)')()}}",
  "\u2028alert(1)//",
  "<!--<script>",
  "</script><script>alert(1)</script>",
  "' onfocus=alert(1) autofocus='",
  "<iframe srcdoc='<script>parent.alert(1)</script>'>",
  "\u202e<b>alert(1)",
  ...fromVectors(),
];

/** The payloads of the project's test vectors, where they lie beside the checkout. */
function fromVectors(): readonly string[] {
  const file = vectorUrl("http_cases.json");
  if (!existsSync(file)) return [];
  const { cases } = JSON.parse(readFileSync(file, "utf8")) as {
    readonly cases: readonly {
      readonly id: string;
      readonly request: { readonly json?: { readonly unsafe?: object } };
    }[];
  };
  const found = cases.filter(({ id }) => id.startsWith("console-xss-"));
  return found.flatMap(({ request }) => Object.keys(request.json?.unsafe ?? {}).filter((text) => text !== "n"));
}

/** A document with a payload as key, value, nested key and item. */
const documentOf = (text: string) => ({ [text]: text, n: { [text]: [text] } });

/** Elements and attributes that only markup from data could have made. */
const strays = (page: Page): Promise<readonly string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll("script, iframe, img, textarea, b, object, embed, [onerror], [onload], [onfocus]")]
      // The page's own script, and what CodeMirror puts around widgets.
      .filter((element) => !(element instanceof HTMLScriptElement && element.nonce !== ""))
      .filter(({ className }) => className !== "cm-widgetBuffer")
      .map(({ outerHTML }) => outerHTML),
  );

const text = (page: Page): Promise<string> => page.evaluate(() => document.body.innerText);

describe("a document that holds scripts", () => {
  it("is shown as text on every screen, in keys, values and ids: no dialog, no policy violation", async ({ page }) => {
    const desk = await openDesk();
    for (const payload of new Set(payloads)) {
      const scopes = { public: documentOf(payload), private: documentOf(payload), unsafe: documentOf(payload) };
      await desk.meta.update(payload, scopes, { actor: `user:${payload}` });
    }
    await page.addInitScript(() => {
      Object.assign(globalThis, { violated: [] });
      document.addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) =>
        (globalThis as unknown as { violated: string[] }).violated.push(`${violatedDirective} ${blockedURI}`),
      );
    });
    const violated = (): Promise<readonly string[]> =>
      page.evaluate(() => (globalThis as unknown as { violated: string[] }).violated);

    await openConsole(page, desk);
    await page.getByText(`${new Set(payloads).size} users`).waitFor();
    const ids = await page.locator("tbody th").allTextContents();
    expect(new Set(ids)).toEqual(new Set(payloads));
    expect(await strays(page)).toEqual([]);

    for (const payload of new Set(payloads)) {
      await page.evaluate(
        (hash) => {
          location.hash = hash;
        },
        `#/users/${encodeURIComponent(payload)}`,
      );
      await page.getByRole("heading", { level: 1, name: payload.trim() }).waitFor();
      await editor(page, "unsafe").waitFor();
      const shown = await editor(page, "unsafe").textContent();
      expect(shown).toContain(
        JSON.stringify(payload)
          .slice(1, -1)
          .replaceAll(/[\u2028\u202e]/g, "•"),
      );
      await write(page, "unsafe", documentOf(`${payload} edited`));
      await page.getByRole("button", { name: "Review and save" }).click();
      await page.getByRole("textbox", { name: "Changes to unsafe" }).waitFor();
      expect(await strays(page)).toEqual([]);
      await page.getByRole("button", { name: "Back to editing" }).click();
      await page.getByRole("button", { name: "Discard" }).click();
      await page.getByRole("link", { name: "Change log" }).click();
      await page.getByText(`user:${payload}`).waitFor();
      expect((await text(page)).split(JSON.stringify(payload)).length, payload).toBeGreaterThan(3);
      expect(await strays(page)).toEqual([]);
    }

    const [first = ""] = payloads;
    await page.getByRole("link", { name: "Documents" }).click();
    await write(page, "unsafe", documentOf(first));
    await desk.meta.update(payloads.at(-1) ?? "", { unsafe: { n: first } }, { actor: first, reason: first });
    await page.getByRole("button", { name: "Erase" }).click();
    expect(await strays(page)).toEqual([]);
    await page.keyboard.press("Escape");
    expect(await violated()).toEqual([]);
  });

  it("is text where two edits meet, too", async ({ page }) => {
    const [payload = ""] = payloads;
    const desk = await openDesk();
    await desk.meta.update(payload, { unsafe: documentOf("old") });
    await openConsole(page, desk, `#/users/${encodeURIComponent(payload)}`);
    await write(page, "unsafe", { ...documentOf("old"), [payload]: `${payload} mine` });
    await desk.meta.update(payload, { unsafe: { [payload]: payload } }, { actor: payload, reason: payload });
    await save(page);
    const dialog = page.getByRole("dialog", { name: "Somebody saved first" });
    await dialog.getByText(`by ${payload}`).waitFor();
    expect(await dialog.innerText()).toContain(JSON.stringify(`${payload} mine`));
    expect(await strays(page)).toEqual([]);
  });
});

describe("the page's policy", () => {
  it("runs no script, takes no style and writes no HTML that is not the page's own", async ({ page, problems }) => {
    const desk = await openDesk();
    await openConsole(page, desk);
    const outcome = await page.evaluate(async () => {
      const violated: string[] = [];
      document.addEventListener("securitypolicyviolation", (event) => violated.push(event.effectiveDirective));
      const script = document.createElement("script");
      let threw = "";
      try {
        script.text = "document.title = 'run'";
        document.body.append(script);
      } catch (error) {
        threw = (error as Error).name;
      }
      try {
        document.body.insertAdjacentHTML("beforeend", "<b>written</b>");
      } catch (error) {
        threw += ` ${(error as Error).name}`;
      }
      document.body.setAttribute("style", "display: none");
      const image = new Image();
      image.src = "https://example.com/x.png";
      await fetch("https://example.com/").catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 200)); // the events come later
      return {
        violated: [...new Set(violated)].sort(),
        threw,
        title: document.title,
        display: getComputedStyle(document.body).display,
      };
    });
    expect(outcome).toMatchObject({
      threw: "TypeError TypeError",
      title: "Users · usermeta console",
      display: "block",
    });
    expect(outcome.violated).toEqual(
      expect.arrayContaining(["connect-src", "img-src", "require-trusted-types-for", "style-src-attr"]),
    );
    problems.length = 0; // provoked above
  });

  it("lets no other page frame it", async ({ page, problems }) => {
    const desk = await openDesk();
    const other = await openDesk();
    await page.goto(other.url);
    await page.route("**/frame", (route) =>
      route.fulfill({ contentType: "text/html", body: `<title>f</title><iframe src="${desk.url}"></iframe>` }),
    );
    await page.goto(`${other.origin}/frame`);
    await expect.poll(() => page.frames().at(-1)?.url()).toContain("chrome-error:");
    problems.length = 0;
  });
});

describe("private metadata", () => {
  it("is in answers of the console's guarded routes alone, in all that is sent", async ({ page }) => {
    const secret = "for-administrators-only";
    const desk = await openDesk();
    await desk.meta.update("ada", { public: { plan: "pro" }, private: { note: secret }, unsafe: { theme: "dark" } });
    await visitEverything(page, desk);
    await page.evaluate(async () => {
      await fetch("/usermeta/me/metadata");
      await fetch("/usermeta/admin/users"); // not mounted beside the console
      await fetch("/usermeta/console/admin/users"); // without the key
    });
    const holding = desk.answers.filter(({ body }) => body.includes(secret));
    expect(holding.length).toBeGreaterThan(3);
    expect(holding.filter(({ path }) => !path.startsWith("/console/admin/users"))).toEqual([]);
    const others = desk.answers.filter(({ status, path }) => status === 401 || !path.startsWith("/console/admin/"));
    expect(others.length).toBeGreaterThanOrEqual(5);
  });
});

async function visitEverything(page: Page, desk: Desk): Promise<void> {
  await openConsole(page, desk);
  await page.getByRole("link", { name: "ada" }).click();
  await write(page, "public", { plan: "team" });
  await save(page);
  await page.getByText("Saved as version 2.").waitFor();
  await page.getByRole("link", { name: "Change log" }).click();
  await page.getByRole("button", { name: "Revert version 2" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Revert" }).click();
  await page.getByText("Reverted in version 3.").waitFor();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("button", { name: "Export" }).click(),
  ]);
  await download.delete();
}
