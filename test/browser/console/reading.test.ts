import { readFile } from "node:fs/promises";
import { memoryStore, UserMetaError } from "@usermeta/core";
import { describe, expect } from "vitest";
import { it } from "../browser.ts";
import { key, openConsole, openDesk } from "./desk.ts";

const rows = "tbody tr";

describe("the console's way in", () => {
  it("asks for the admin key, and keeps it in memory alone", async ({ page }) => {
    const desk = await openDesk();
    await page.goto(desk.url);
    const field = page.getByRole("textbox", { name: "Admin key" });
    await field.fill("not one of the admin keys of this application");
    await page.keyboard.press("Enter");
    await page.getByText("The admin key is not valid").waitFor();
    await field.fill(key);
    await page.keyboard.press("Enter");
    await page.getByText("Nobody has metadata yet").waitFor();
    expect(page.url()).not.toContain(key);
    const kept = await page.evaluate(() =>
      JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage), document.cookie, history.state]),
    );
    expect(kept).not.toContain(key);
    await page.reload();
    await field.waitFor();
  });

  it("opens at both of its addresses, and needs nothing from elsewhere", async ({ page }) => {
    const desk = await openDesk();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    for (const address of [desk.url, `${desk.url}/`]) {
      await page.goto(address);
      await page.getByRole("heading", { name: "Sign in with an admin key" }).waitFor();
    }
    expect(asked.filter((url) => !url.startsWith(desk.origin) && !url.startsWith("data:image/svg+xml"))).toEqual([]);
    expect(desk.answers.filter(({ status }) => status !== 200)).toEqual([]);
  });
});

describe("the list of users", () => {
  it("goes through all pages and back, one request each", async ({ page }) => {
    const desk = await openDesk();
    await Promise.all(
      Array.from({ length: 120 }, (_, i) => desk.meta.update(`user-${String(i).padStart(3, "0")}`, { public: { i } })),
    );
    await openConsole(page, desk);
    const [next, previous] = [
      page.getByRole("link", { name: "Next page" }),
      page.getByRole("link", { name: "Previous page" }),
    ];
    await page.getByRole("link", { name: "user-000" }).waitFor();
    await expect.poll(() => page.locator(rows).count()).toBe(50);
    expect(await previous.count()).toBe(0);
    await next.click();
    await page.getByRole("link", { name: "user-050" }).waitFor();
    await next.click();
    await page.getByRole("link", { name: "user-119" }).waitFor();
    await expect.poll(() => page.locator(rows).count()).toBe(20);
    expect(await next.count()).toBe(0);
    await previous.click();
    await page.getByRole("link", { name: "user-050" }).waitFor();
    await page.goBack();
    await page.getByRole("link", { name: "user-119" }).waitFor();
    const lists = desk.answers.filter(({ path }) => path.startsWith("/console/admin/users?limit=50"));
    expect(lists).toHaveLength(5);
  });

  it("finds users by declared paths, and says why others cannot be searched", async ({ page }) => {
    const desk = await openDesk();
    for (const [userId, plan, credits] of [
      ["ada", "pro", 12],
      ["grace", "pro", 3],
      ["alan", "free", 40],
    ] as const)
      await desk.meta.update(userId, { public: { plan }, private: { credits } });
    await openConsole(page, desk);
    const path = page.getByRole("textbox", { name: "Path" });
    const value = page.getByRole("textbox", { name: "Value" });
    const search = page.getByRole("button", { name: "Search" });
    await path.fill("public.plan");
    await value.fill("pro");
    await search.click();
    await page.getByText("2 users").waitFor();
    await page.getByRole("button", { name: "Add a condition" }).click();
    const second = page.getByRole("group", { name: "Condition 2" });
    await second.getByRole("textbox", { name: "Path" }).fill("private.credits");
    await second.getByRole("combobox", { name: "Comparison" }).selectOption({ label: "≥" });
    await second.getByRole("textbox", { name: "Value" }).fill("10");
    await search.click();
    await page.getByText("1 user, by id").waitFor();
    expect(await page.locator(rows).allInnerTexts()).toEqual([expect.stringContaining("ada")]);
    await page.reload(); // the search is in the address
    await page.getByRole("textbox", { name: "Admin key" }).fill(key);
    await page.keyboard.press("Enter");
    await page.getByText("1 user, by id").waitFor();
    await page.getByRole("link", { name: "Clear" }).click();
    await page.getByText("3 users").waitFor();
    await path.fill("unsafe.theme");
    await value.fill("dark");
    await search.click();
    await page.getByText("That path has no index.").waitFor();
  });

  it("says when the store cannot search", async ({ page }) => {
    const store = {
      ...memoryStore(),
      list: () => Promise.reject(new UserMetaError("not_supported", "this store does not search")),
    };
    const desk = await openDesk({ store });
    await page.goto(desk.url);
    await page.getByRole("textbox", { name: "Admin key" }).fill(key);
    await page.keyboard.press("Enter");
    await page.getByText("This store cannot search.").waitFor();
    await page.getByRole("searchbox", { name: "User id" }).fill("ada");
    await page.keyboard.press("Enter");
    await page.getByText("Nothing is kept about this user yet").waitFor();
  });

  it("opens users by id, unknown ones too, and refuses what is no id", async ({ page }) => {
    const desk = await openDesk();
    const userId = "auth0|5f7c/ö?#%2e";
    await desk.meta.update(userId, { public: { plan: "pro" } });
    await openConsole(page, desk);
    const field = page.getByRole("searchbox", { name: "User id" });
    await field.fill(userId);
    await page.getByRole("button", { name: "Open" }).click();
    await page.getByText('"plan"').waitFor();
    expect(await page.getByRole("heading", { level: 1 }).textContent()).toBe(userId);
    await page.getByRole("link", { name: "Users", exact: true }).click();
    await field.fill("nobody");
    await page.keyboard.press("Enter");
    await page.getByText("Nothing is kept about this user yet").waitFor();
    await page.goBack();
    await field.fill("..");
    await page.keyboard.press("Enter");
    await page.getByText("a user id must be neither blank nor . nor ..").waitFor();
  });
});

describe("a user's change log", () => {
  it("tells who changed what and when, in pages, and reverts a change", async ({ page }) => {
    const desk = await openDesk({ history: { mask: ["/private/ssn"] } });
    for (let i = 1; i <= 25; i++)
      await desk.meta.update("ada", { private: { i } }, { actor: `key:${i}`, reason: `step ${i}` });
    await desk.meta.update("ada", { private: { ssn: "078-05-1120" } }, { actor: "server" });
    await desk.meta.update("ada", { public: { plan: "pro" }, unsafe: { theme: "dark" } }, { actor: "user:root" });
    await openConsole(page, desk, "#/users/ada/log");
    const entries = page.getByRole("region", { name: "Change log" }).locator("ol > li");
    await entries.first().waitFor();
    expect(await entries.count()).toBe(20);
    const newest = await entries.first().innerText();
    for (const text of ["update", "user:root", "version 27", "public /plan", "absent", '"pro"', "unsafe /theme"])
      expect(newest.replaceAll(/\s+/g, " ")).toContain(text);
    expect(await entries.nth(1).innerText()).toContain("masked");
    expect(await entries.nth(1).getByRole("button", { name: "Revert" }).isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Older changes" }).click();
    await page.getByText("step 1", { exact: true }).waitFor();
    expect(await entries.count()).toBe(27);

    await entries.first().getByRole("button", { name: "Revert" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revert" }).click();
    await page.getByText("Reverted in version 28.").waitFor();
    expect(await desk.meta.get("ada")).toMatchObject({ public: {}, unsafe: {}, private: { i: 25 }, version: 28 });
    await expect.poll(() => entries.first().innerText()).toContain("revert");
    const [change] = await Array.fromAsync(desk.meta.history("ada"));
    expect(change).toMatchObject({ kind: "revert", actor: "key:ops" });
  });

  it("explains why a change cannot be reverted any more", async ({ page }) => {
    const desk = await openDesk();
    for (const plan of ["free", "pro", "team"]) await desk.meta.update("ada", { public: { plan } });
    await openConsole(page, desk, "#/users/ada/log");
    await page.getByRole("button", { name: "Revert version 2" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Revert" }).click();
    await page.getByText("A later change has written the same place").waitFor();
    expect(await desk.meta.get("ada")).toMatchObject({ public: { plan: "team" }, version: 3 });
  });
});

describe("what is kept about a user", () => {
  it("can be taken along as a file", async ({ page }) => {
    const desk = await openDesk();
    await desk.meta.update("ada/lovelace", { private: { note: "for her eyes" } });
    await openConsole(page, desk, `#/users/${encodeURIComponent("ada/lovelace")}`);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("button", { name: "Export" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe("usermeta-ada_lovelace.json");
    const exported = JSON.parse(await readFile(await download.path(), "utf8")) as Record<string, unknown>;
    expect(exported).toEqual(JSON.parse(JSON.stringify(await desk.meta.export("ada/lovelace"))));
  });

  it("is erased only once the id was typed", async ({ page }) => {
    const desk = await openDesk();
    await desk.meta.update("ada", { public: { plan: "pro" } });
    await openConsole(page, desk, "#/users/ada");
    await page.getByRole("button", { name: "Erase" }).click();
    const erase = page.getByRole("button", { name: "Erase for good" });
    const field = page.getByRole("textbox", { name: "Type the user id to confirm" });
    for (const almost of ["", "Ada", "ada ", "ad"]) {
      await field.fill(almost);
      expect(await erase.isDisabled()).toBe(true);
      await field.press("Enter");
    }
    expect(await desk.meta.get("ada")).toMatchObject({ version: 1 });
    await field.fill("ada");
    await erase.click();
    await page.getByText("are erased").waitFor();
    expect(await desk.meta.get("ada")).toMatchObject({ version: 0 });
    expect(await Array.fromAsync(desk.meta.history("ada"))).toEqual([]);
    await page.getByText("Nobody has metadata yet").waitFor();
  });
});
