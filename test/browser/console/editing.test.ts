import { describe, expect } from "vitest";
import { z } from "zod";
import { it } from "../browser.ts";
import { editor, openConsole, openDesk, panel, save, signIn, write } from "./desk.ts";

const ada = { public: { plan: "free" }, private: { credits: 3 }, unsafe: { theme: "dark" } };
const savebar = { name: "Review and save" } as const;

describe("editing", () => {
  it("saves each scope after showing what changes, with the reason in the log", async ({ page }) => {
    const desk = await openDesk();
    await desk.meta.update("ada", ada);
    await openConsole(page, desk, "#/users/ada");
    await write(page, "public", { plan: "pro" });
    await write(page, "private", { credits: 3, note: "paid by invoice" });
    await write(page, "unsafe", {});
    await page.getByText("Edited: public, private, unsafe").waitFor();
    await page.getByRole("button", savebar).click();
    const dialog = page.getByRole("dialog", { name: "Review changes" });
    const diff = (scope: string) => dialog.getByRole("textbox", { name: `Changes to ${scope}` });
    expect(await diff("public").locator(".cm-deletedChunk").innerText()).toContain('"plan": "free"');
    expect(await diff("public").locator(".cm-changedLine").allInnerTexts()).toEqual(['  "plan": "pro"']);
    expect(await diff("unsafe").locator(".cm-deletedChunk").innerText()).toContain('"theme": "dark"');
    await dialog.getByRole("textbox", { name: "Reason" }).fill("ticket 4711");
    await dialog.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved as version 2.").waitFor();
    await expect.poll(() => page.getByRole("button", savebar).count()).toBe(0);
    expect(await desk.meta.get("ada")).toMatchObject({
      public: { plan: "pro" },
      private: { credits: 3, note: "paid by invoice" },
      unsafe: {},
      version: 2,
    });
    const [change] = await Array.fromAsync(desk.meta.history("ada"));
    expect(change).toMatchObject({ kind: "replace", actor: "key:ops", reason: "ticket 4711" });
    const writes = desk.answers.filter(({ method }) => method !== "GET");
    expect(writes.map(({ method, status }) => `${method} ${status}`)).toEqual(["PUT 200"]);
  });

  it("writes the first metadata of a user", async ({ page }) => {
    const desk = await openDesk();
    await openConsole(page, desk, "#/users/new");
    await write(page, "public", { plan: "trial" });
    await save(page);
    await page.getByText("Saved as version 1.").waitFor();
    expect(await desk.meta.get("new")).toMatchObject({ public: { plan: "trial" }, private: {}, unsafe: {} });
  });

  it.for([
    ["half a document", '{"a": ', "The text must be one JSON value."],
    ["an array", "[1]", "A JSON object is required here."],
    ["the same key twice", '{"a": {"b": 1, "b": 2}}', "Each key of an object may be named once (at /a/b)."],
    ["a number that JavaScript cannot keep", '{"n": 12345678901234567890}', "(at /n)."],
    ["a key that is not allowed", '{"x": {"__proto__": 1}}', "(at /x)."],
    ["more than the limit", JSON.stringify({ s: "x".repeat(3000) }), "The scope would have 3008 characters"],
  ])("does not save %s, and says where it is wrong", async ([, text = "", message = ""], { page }) => {
    const desk = await openDesk();
    await desk.meta.update("ada", ada);
    await openConsole(page, desk, "#/users/ada");
    await write(page, "private", text);
    await expect.poll(() => panel(page, "private").getByRole("status").innerText()).toContain(message);
    await panel(page, "private").locator(".cm-lint-marker-error").waitFor();
    expect(await page.getByRole("button", savebar).isDisabled()).toBe(true);
    await editor(page, "private").press("ControlOrMeta+s");
    await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
    await write(page, "private", { credits: 4 });
    await save(page);
    await page.getByText("Saved as version 2.").waitFor();
  });

  it("measures each scope against its limit while it is typed", async ({ page }) => {
    const desk = await openDesk({ limits: { characters: { unsafe: 40 } } });
    await desk.meta.update("ada", ada);
    await openConsole(page, desk, "#/users/ada");
    const meter = panel(page, "unsafe").locator(".meter");
    expect(await meter.innerText()).toBe("16 / 40");
    await write(page, "unsafe", '{ "theme" : "😀" }');
    await expect.poll(() => meter.innerText()).toBe("13 / 40");
    await write(page, "unsafe", { theme: "x".repeat(50) });
    await expect.poll(() => meter.innerText()).toBe("62 / 40");
    await expect.poll(() => panel(page, "unsafe").getByRole("status").innerText()).toContain("40 are allowed");
  });

  it("shows in the editor what only the server can know to be wrong", async ({ page }) => {
    const schema = { public: z.object({ plan: z.enum(["free", "pro"]) }) };
    const desk = await openDesk({ schema });
    await desk.meta.update("ada", ada);
    await openConsole(page, desk, "#/users/ada");
    await write(page, "public", { plan: "gold" });
    await save(page);
    await expect.poll(() => panel(page, "public").getByRole("status").innerText()).toContain("(at /plan)");
    expect(await panel(page, "public").locator(".cm-lintRange-error").innerText()).toBe('"gold"');
    await write(page, "public", { plan: "pro" });
    await save(page);
    await page.getByText("Saved as version 2.").waitFor();
  });

  it("keeps edits while one looks elsewhere, and discards them when told to", async ({ page }) => {
    const desk = await openDesk();
    await desk.meta.update("ada", ada);
    await openConsole(page, desk, "#/users/ada");
    await write(page, "unsafe", '{"theme":"light"}');
    await page.getByRole("link", { name: "Change log" }).click();
    await page.getByRole("button", { name: "Revert version 1" }).waitFor();
    await page.getByRole("link", { name: "Users", exact: true }).click();
    await page.getByRole("link", { name: "ada" }).click();
    await page.getByText("Edited: unsafe").waitFor();
    expect(await editor(page, "unsafe").innerText()).toBe('{"theme":"light"}');
    await page.getByRole("button", { name: "Format unsafe" }).click();
    await expect.poll(() => editor(page, "unsafe").innerText()).toContain('  "theme": "light"');
    await page.getByRole("button", { name: "Discard" }).click();
    await expect.poll(() => editor(page, "unsafe").innerText()).toContain('"dark"');
    await expect.poll(() => page.getByRole("button", savebar).count()).toBe(0);
    expect(desk.answers.filter(({ method }) => method !== "GET")).toEqual([]);
  });
});

describe("two administrators at once", () => {
  it("the second sees what the first changed, and puts the own edits on top", async ({ page, browser }) => {
    const desk = await openDesk();
    await desk.meta.update("ada", { ...ada, unsafe: { theme: "dark", locale: "en", size: 12 } });
    const other = await (await browser.newContext()).newPage();
    for (const one of [page, other]) await openConsole(one, desk, "#/users/ada");
    await write(other, "unsafe", { theme: "sepia", locale: "de", size: 12 });
    await write(page, "unsafe", { theme: "light", locale: "en", size: 14 });
    await save(other);
    await other.getByText("Saved as version 2.").waitFor();

    await save(page);
    const dialog = page.getByRole("dialog", { name: "Somebody saved first" });
    await dialog.getByText("Version 2 by key:ops").waitFor();
    const choice = dialog.getByRole("group", { name: "unsafe /theme" });
    expect((await choice.innerText()).replaceAll(/\s+/g, " ")).toBe('unsafe /theme Theirs "sepia" Yours "light"');
    await expect.poll(() => dialog.getByRole("group").count()).toBe(1);
    await choice.getByRole("radio", { name: "Yours" }).check();
    await dialog.getByRole("button", { name: "Put my edits on top" }).click();

    const review = page.getByRole("dialog", { name: "Review changes" });
    expect(await review.locator(".cm-deletedChunk").first().innerText()).toContain('"theme": "sepia"');
    await review.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByText("Saved as version 3.").waitFor();
    expect((await desk.meta.get("ada")).unsafe).toEqual({ theme: "light", locale: "de", size: 14 });
  });

  it("the second can take the first one's version, or go on editing", async ({ page }) => {
    const desk = await openDesk();
    await desk.meta.update("ada", ada);
    await openConsole(page, desk, "#/users/ada");
    await write(page, "public", { plan: "pro" });
    await desk.meta.update("ada", { public: { plan: "team" } }, { actor: "key:second" });
    await save(page);
    const dialog = page.getByRole("dialog", { name: "Somebody saved first" });
    await dialog.getByRole("button", { name: "Back to editing" }).click();
    expect(await editor(page, "public").innerText()).toContain('"pro"');
    await save(page);
    await dialog.getByRole("button", { name: "Take theirs" }).click();
    await expect.poll(() => editor(page, "public").innerText()).toContain('"team"');
    expect(await desk.meta.get("ada")).toMatchObject({ public: { plan: "team" }, version: 2 });
  });
});

describe("sessions", () => {
  it("an expired one costs no edits: they are saved after signing in again", async ({ page }) => {
    const desk = await openDesk({ sessions: true });
    await desk.meta.update("ada", ada);
    await signIn(page, desk, { exp: Math.floor(Date.now() / 1000) + 3600 });
    await page.goto(`${desk.url}#/users/ada`);
    await write(page, "public", { plan: "pro" });
    await signIn(page, desk, { exp: Math.floor(Date.now() / 1000) - 3600 });
    await page.getByRole("button", savebar).click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    const gate = page.getByRole("dialog", { name: "Sign in to the application" });
    await gate.getByText("has expired").waitFor();
    await page.keyboard.press("Escape"); // it cannot be left
    await gate.getByRole("button", { name: "Continue" }).click();
    await gate.getByText("has expired").waitFor();
    await signIn(page, desk, {});
    await gate.getByRole("button", { name: "Continue" }).click();
    await page.getByText("Saved as version 2.").waitFor();
    const [change] = await Array.fromAsync(desk.meta.history("ada"));
    expect(change).toMatchObject({ actor: "user:root", changes: [{ path: "/public/plan", from: "free", to: "pro" }] });
  });

  it("one that is no administrator's reads nothing", async ({ page }) => {
    const desk = await openDesk({ sessions: true });
    await desk.meta.update("ada", ada);
    await signIn(page, desk, { sub: "ada", role: "member" });
    await page.goto(`${desk.url}#/users/ada`);
    await page.getByText("The session may not use the admin routes").waitFor();
    expect(desk.answers.filter(({ body }) => body.includes('"credits"'))).toEqual([]);
  });
});

describe("a server that goes away", () => {
  it("is waited for while reading", async ({ page }) => {
    const desk = await openDesk();
    await desk.meta.update("ada", ada);
    await openConsole(page, desk);
    await page.getByRole("link", { name: "ada" }).waitFor();
    await desk.leave();
    await page.getByRole("link", { name: "ada" }).click();
    await page.getByText("The server cannot be reached.").waitFor();
    await desk.comeBack();
    await page.getByText('"plan"').waitFor();
    await expect.poll(() => page.getByText("The server cannot be reached.").count()).toBe(0);
  });

  it("costs no edits, and a save that is repeated happens once", async ({ page }) => {
    const desk = await openDesk();
    await desk.meta.update("ada", ada);
    await openConsole(page, desk, "#/users/ada");
    await write(page, "public", { plan: "pro" });
    await desk.leave();
    await save(page);
    const dialog = page.getByRole("dialog", { name: "Review changes" });
    await dialog.getByText("Your edits are kept.").waitFor();
    await desk.comeBack();
    // The next one is written, but its answer is lost on the way.
    desk.intercept = (req, res, next) => {
      if (req.method === "PUT") {
        desk.intercept = undefined;
        res.writeHead = () => {
          req.socket.destroy();
          return res;
        };
      }
      next();
    };
    const again = dialog.getByRole("button", { name: "Save again" });
    await again.click();
    await expect.poll(async () => (await desk.meta.get("ada")).version).toBe(2);
    await again.click();
    await page.getByText("Saved as version 2.").waitFor();
    expect(await Array.fromAsync(desk.meta.history("ada"))).toHaveLength(2);
  });
});
