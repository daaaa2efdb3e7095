import type { Page } from "playwright-core";
import { describe, expect } from "vitest";
import { violations } from "../accessibility.ts";
import { it } from "../browser.ts";
import { type Desk, editor, key, openConsole, openDesk, panel, save, write } from "./desk.ts";

const ada = {
  public: { plan: "pro", badge: "founder" },
  private: { credits: 3, crm: { id: "c_1815", notes: ["prefers mail"] } },
  unsafe: { theme: "dark", locale: "en-GB", notifications: { email: true } },
};

async function openFilled(): Promise<Desk> {
  const desk = await openDesk();
  await desk.meta.update("ada", ada, { actor: "server", reason: "import" });
  await desk.meta.update("ada", { public: { plan: "team" } }, { actor: "key:ops", reason: "upgrade after a call" });
  for (const name of ["grace", "alan", "barbara"]) await desk.meta.update(name, ada);
  return desk;
}

/** Every screen and dialog, in an order in which each can be reached from the one before. */
const screens: readonly [name: string, go: (page: Page, desk: Desk) => Promise<unknown>][] = [
  ["the list", (page) => page.getByRole("link", { name: "ada" }).waitFor()],
  [
    "a search",
    async (page) => {
      await page.getByRole("textbox", { name: "Path" }).fill("public.plan");
      await page.getByRole("textbox", { name: "Value" }).fill("team");
      await page.keyboard.press("Enter");
      await page.getByText("1 user, by id").waitFor();
      await page.getByRole("button", { name: "Add a condition" }).click();
    },
  ],
  [
    "a refused search",
    async (page, { url }) => {
      await page.goto(`${url}#/?where={"public.x":1}`);
      await page.getByText("That path has no index.").waitFor();
    },
  ],
  [
    "a user",
    async (page, { url }) => {
      await page.goto(`${url}#/users/ada`);
      await page.getByText('"team"', { exact: true }).waitFor();
    },
  ],
  [
    "edits, one of them wrong",
    async (page) => {
      await write(page, "unsafe", { theme: "light", locale: "en-GB", notifications: { email: true, sms: true } });
      await write(page, "private", '{"credits": }');
      await panel(page, "private").locator(".cm-lint-marker-error").waitFor();
    },
  ],
  [
    "the review",
    async (page) => {
      await write(page, "private", { credits: 4 });
      await page.getByRole("button", { name: "Review and save" }).click();
      await page.getByRole("textbox", { name: "Changes to unsafe" }).waitFor();
    },
  ],
  [
    "a conflict",
    async (page, { meta }) => {
      await meta.update("ada", { private: { credits: 5 }, public: { since: 1843 } }, { actor: "key:second" });
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("by key:second").waitFor();
    },
  ],
  [
    "a saved user",
    async (page) => {
      await page.getByRole("button", { name: "Put my edits on top" }).click();
      await page.getByRole("button", { name: "Save", exact: true }).click();
      await page.getByText("Saved as version 4.").waitFor();
    },
  ],
  [
    "the change log",
    async (page) => {
      await page.getByRole("link", { name: "Change log" }).click();
      await page.getByText("key:second").waitFor();
    },
  ],
  ["a revert", (page) => page.getByRole("button", { name: "Revert version 2" }).click()],
  [
    "an erasure",
    async (page) => {
      await page.getByRole("button", { name: "Cancel" }).click();
      await page.getByRole("button", { name: "Erase" }).click();
      await page.getByRole("textbox", { name: "Type the user id" }).fill("ad");
    },
  ],
];

/** Pixels by which the page is wider than its window. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);

describe.for([
  ["light", 1280],
  ["dark", 1280],
  ["light", 360],
  ["dark", 360],
] as const)("in %s colours, %i px wide", ([colorScheme, width]) => {
  it("every screen is accessible, and nothing sticks out", async ({ page }) => {
    const desk = await openFilled();
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await page.goto(desk.url);
    await page.getByRole("textbox", { name: "Admin key" }).fill("wrong".repeat(8));
    await page.keyboard.press("Enter");
    await page.getByText("The admin key is not valid").waitFor();
    const found: Record<string, unknown> = { "the way in": [await violations(page), await overflow(page)] };
    await openConsole(page, desk);
    for (const [name, go] of screens) {
      await go(page, desk);
      found[name] = [await violations(page), await overflow(page)];
    }
    for (const [name, result] of Object.entries(found)) expect(result, name).toEqual([[], 0]);
  });
});

describe("colours", () => {
  it("follow the system, until one is chosen", async ({ page }) => {
    const desk = await openDesk();
    const isDark = () =>
      page.evaluate(() => {
        const [red = 255] = getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.map(Number) ?? [];
        return red < 128;
      });
    await page.emulateMedia({ colorScheme: "dark" });
    await openConsole(page, desk);
    expect(await isDark()).toBe(true);
    await page.emulateMedia({ colorScheme: "light" });
    expect(await isDark()).toBe(false);
    await page.getByRole("radio", { name: "Dark" }).check();
    expect(await isDark()).toBe(true);
    await page.reload();
    expect(await isDark()).toBe(true);
    await page.emulateMedia({ colorScheme: "dark" });
    await openConsole(page, desk);
    await page.getByRole("radio", { name: "Light" }).check();
    expect(await isDark()).toBe(false);
    await page.getByRole("radio", { name: "As the system" }).check();
    expect(await isDark()).toBe(true);
  });
});

describe("the keyboard alone", () => {
  const focused = (page: Page): Promise<string> =>
    page.evaluate(() => {
      const { activeElement: element } = document;
      return element?.getAttribute("aria-label") ?? element?.textContent?.trim() ?? "";
    });

  /** Goes on with Tab until something has the focus. */
  async function tabTo(page: Page, name: string): Promise<void> {
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press("Tab");
      if ((await focused(page)) === name) return;
    }
    expect.unreachable(`Tab does not reach ${name}`);
  }

  it("signs in, finds a user, edits, saves, reverts and erases", async ({ page }) => {
    const desk = await openFilled();
    await page.goto(desk.url);
    await page.getByRole("textbox", { name: "Admin key" }).waitFor();
    await page.keyboard.type(key);
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "grace" }).waitFor();
    await page.keyboard.press("/");
    await page.keyboard.type("ada");
    await page.keyboard.press("Enter");
    await page.getByText('"team"', { exact: true }).waitFor();
    await expect.poll(() => focused(page)).toBe("ada"); // the heading of the new screen
    await tabTo(page, "unsafe metadata, JSON");
    await page.keyboard.press("ControlOrMeta+a");
    await page.keyboard.type('{"theme":"light"}');
    await tabTo(page, "Review and save"); // Tab leaves the editor
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Review changes" }).waitFor();
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
    await expect.poll(() => focused(page)).toBe("Review and save");
    await page.keyboard.press("Control+s");
    await page.getByRole("dialog", { name: "Review changes" }).waitFor();
    await tabTo(page, "Save");
    await page.keyboard.press("Enter");
    await page.getByText("Saved as version 3.").waitFor();

    await page.keyboard.press("Tab");
    await tabTo(page, "Change log");
    await page.keyboard.press("Enter");
    await page.getByText("version 3").first().waitFor();
    await tabTo(page, "Revert version 3");
    await page.keyboard.press("Enter");
    await tabTo(page, "Revert");
    await page.keyboard.press("Enter");
    await page.getByText("Reverted in version 4.").waitFor();
    expect((await desk.meta.get("ada")).unsafe).toEqual(ada.unsafe);

    await tabTo(page, "Erase");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Erase" }).waitFor();
    await page.keyboard.type("ada");
    await tabTo(page, "Erase for good");
    await page.keyboard.press("Enter");
    await page.getByText("are erased").waitFor();
    expect((await desk.meta.get("ada")).version).toBe(0);
  });

  it("undoes in the editor, and goes to what is wrong by F8", async ({ page }) => {
    const desk = await openFilled();
    await openConsole(page, desk, "#/users/ada");
    await editor(page, "public").click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type(" ]");
    await panel(page, "public").locator(".cm-lint-marker-error").waitFor();
    await page.keyboard.press("F8");
    await page.keyboard.press("Control+z");
    await expect.poll(() => panel(page, "public").getByRole("status").innerText()).toBe("As saved");
    await write(page, "public", { plan: "free" });
    await save(page);
    await page.getByText("Saved as version 3.").waitFor();
  });
});
