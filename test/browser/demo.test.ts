import type { Page } from "playwright-core";
import { expect } from "vitest";
import { users } from "../../examples/express/users.ts";
import { violations } from "./accessibility.ts";
import { it } from "./browser.ts";
import { openDemo, picture } from "./demo.ts";

async function signIn(page: Page, origin: string, name: string): Promise<void> {
  await page.goto(origin);
  await page.getByRole("button", { name }).click();
  await page.getByRole("tab", { name: "My metadata" }).waitFor();
}

const stored = (page: Page): Promise<unknown> =>
  page.locator("#own-unsafe").textContent().then(String).then(JSON.parse);
const editor = (page: Page) => page.getByRole("textbox", { name: "Your change, as JSON" });
const save = (page: Page) => page.getByRole("button", { name: "Save", exact: true }).click();

it("shows what a second tab, curl and the application write, without a reload", async ({ context, page }) => {
  const { origin, meta, mint } = await openDemo();
  await signIn(page, origin, "Grace Hopper");
  await page.getByText("Live: change it in a second tab or by curl").waitFor();
  let loads = 0;
  page.on("framenavigated", () => loads++);

  const second = await context.newPage();
  await second.goto(origin);
  await editor(second).fill('{ "theme": "blue" }');
  await save(second);
  await expect.poll(() => stored(page)).toMatchObject({ theme: "blue" });

  const [, grace] = users;
  const response = await fetch(`${origin}/usermeta/me/metadata`, {
    method: "PATCH",
    headers: { authorization: `Bearer ${await mint(grace)}`, "content-type": "application/json" },
    body: '{"unsafe":{"theme":null,"locale":"en"}}',
  });
  expect(response.status).toBe(200);
  for (const tab of [page, second]) {
    await expect.poll(() => stored(tab)).toMatchObject({ locale: "en" });
    expect(await stored(tab)).not.toHaveProperty("theme");
  }

  await page.getByRole("tab", { name: "Activity" }).click();
  await meta.update("grace", { public: { plan: "enterprise" } }, { actor: "user:ada", reason: "promoted" });
  await page.locator("#who").getByText("enterprise").waitFor();
  await page.getByText("“promoted”").waitFor();
  expect(loads).toBe(1); // the tab's name in the address
});

it("merges onto what another device wrote, and refuses to replace it unseen", async ({ page }) => {
  const { origin } = await openDemo();
  await signIn(page, origin, "Grace Hopper");
  await page.getByRole("button", { name: "Write from another device" }).click();
  await page.getByText("Another device wrote version 2").waitFor();
  await save(page); // the suggested shallow merge
  await page.getByText("Saved as version 3").waitFor();
  const merged = { preferences: { theme: "dark" }, notifications: { sms: true } };
  expect(await stored(page)).toEqual({ ...merged, lastSeen: expect.any(String) });

  await page.getByRole("radio", { name: "replace" }).check();
  await editor(page).fill('{ "mine": 1 }');
  await page.getByRole("button", { name: "Write from another device" }).click();
  await page.getByText("Another device wrote version 4").waitFor();
  await save(page);
  await page.getByText("Not saved: another device has written since you began (412)").waitFor();
  expect(await stored(page)).toMatchObject(merged);
  await page.getByRole("button", { name: "Load the new version" }).click();
  await save(page);
  await page.getByText("Saved as version 5").waitFor();
  expect(await stored(page)).toEqual({ mine: 1 });
  await save(page);
  await page.getByText("Nothing to change: same version").waitFor();

  await page.getByRole("radio", { name: "deep merge" }).check();
  await save(page);
  await expect.poll(() => stored(page)).toMatchObject({ mine: 1, preferences: { language: "en" } });
  await page.getByRole("button", { name: "Clear all" }).click();
  await expect.poll(() => stored(page)).toEqual({});
});

it("signs in anew once the demo was started again with other keys, and says so when it is gone", async ({ page }) => {
  const { origin } = await openDemo();
  await signIn(page, origin, "Alan Turing");
  await page.context().setOffline(true);
  await page.getByRole("button", { name: "Read preferences" }).click();
  await page.getByText("The demo does not answer. Is it still running?").waitFor();
  await page.context().setOffline(false);

  const again = await openDemo();
  await page.goto(again.origin); // cookies know no ports: the token of the first one is sent
  await page.getByRole("button", { name: "Grace Hopper" }).click();
  await page.locator("#who").getByText("Grace Hopper").waitFor();
});

it("says what is wrong with a text before anything of it is lost", async ({ page }) => {
  const { origin } = await openDemo();
  await signIn(page, origin, "Alan Turing");
  for (const [text, code] of [
    ['{ "a": 1', "invalid_json"],
    ['{ "a": 1, "a": 2 }', "duplicate_key"],
    ['{ "a": 12345678901234567890 }', "invalid_number"],
    ["[1]", "not_an_object"],
  ] as const) {
    await editor(page).fill(text);
    await save(page);
    await page.getByText(`(${code})`).waitFor();
    expect(await stored(page)).toEqual({});
  }
});

it("shows each request as a curl line with the user's token in place", async ({ page }) => {
  const { origin } = await openDemo();
  await signIn(page, origin, "Grace Hopper");
  const line = page.locator("#wire-request");
  await page.getByText("200, ETag").waitFor();
  expect(await line.textContent()).toBe(`curl -s '${origin}/usermeta/me/metadata' -H "authorization: Bearer $GRACE"`);
  await save(page);
  await page.getByText("Saved as version 2").waitFor();
  expect(await line.textContent()).toMatch(
    /-X PATCH -H "authorization: Bearer \$GRACE" .*-H 'if-match: "[^']+"' .*-d '\{"unsafe":\{.*\}\}'$/,
  );
  await page.getByRole("button", { name: "Read preferences" }).click();
  await page.getByText("GET /preferences answers").waitFor();
  expect(await line.textContent()).toContain(`${origin}/preferences`);
});

it("lets administrators edit all scopes, with a reason, and take it back; members not", async ({ page }) => {
  const { origin, meta } = await openDemo();
  await signIn(page, origin, "Grace Hopper");
  await page.getByRole("tab", { name: "Admin" }).click();
  await page.getByText("Only administrators may look here").waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Ada Lovelace" }).click();

  await page.getByRole("tab", { name: "Admin" }).click();
  await page.getByLabel("Show").selectOption("free");
  await page.getByRole("button", { name: /^alan/ }).click();
  await page.getByLabel("Private").fill('{ "credits": 5 }');
  await page.getByLabel("Reason").fill("a present");
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByText("Saved as version 2").waitFor();
  expect(await page.locator("#wire-request").textContent()).toContain("-X PUT");
  await page.getByText("“a present”").waitFor();
  expect((await meta.get("alan")).private).toEqual({ credits: 5 });

  await page.getByRole("button", { name: "Revert version 2" }).click();
  await page.getByText("Saved as version 3").waitFor();
  expect((await meta.get("alan")).private).toMatchObject({ credits: 0 });

  await page.getByLabel("Public").fill('{ "plan": "pro" }');
  await meta.update("alan", { private: { credits: 1 } });
  await page.getByRole("button", { name: "Save changes" }).click();
  await page.getByText("Your text is still here.").waitFor();
  await page.getByRole("button", { name: "Load the new version" }).click();
  await expect.poll(() => page.getByLabel("Private").inputValue()).toContain('"credits": 1');
});

it("is accessible on every tab, in both colour schemes, and asks no other host for anything", async ({ page }) => {
  const { origin, meta } = await openDemo();
  const hosts = new Set<string>();
  page.on("request", (request) => hosts.add(new URL(request.url()).origin));
  await page.setViewportSize({ width: 1280, height: 760 });
  await page.goto(origin);
  await page.getByRole("button", { name: "Ada Lovelace" }).waitFor();
  expect(await violations(page)).toEqual([]);
  await meta.update("ada", { unsafe: { theme: "dark" } }, { actor: "user:ada" });
  await signIn(page, origin, "Ada Lovelace");
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    for (const name of ["My metadata", "Activity", "Admin"]) {
      await page.getByRole("tab", { name }).click();
      if (name === "Admin") await page.getByRole("button", { name: /^grace/ }).click();
      if (name === "Admin") await page.getByRole("button", { name: "Save changes" }).waitFor();
      expect([name, await violations(page)]).toEqual([name, []]);
    }
  }
  expect([...hosts]).toEqual([origin]);

  await page.emulateMedia({ colorScheme: "light" });
  await page.setViewportSize({ width: 1280, height: 1285 });
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Grace Hopper" }).click();
  await page.getByText("200, ETag").waitFor();
  await picture(page, "demo");
});
