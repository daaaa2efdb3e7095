import { expect } from "vitest";
import { it } from "../browser.ts";
import { openDemo, picture } from "../demo.ts";
import { write } from "./desk.ts";

it("an administrator of the demo goes from its page to the console, and mends a user's metadata there", async ({
  page,
}) => {
  const { origin, meta } = await openDemo();
  const profiles = { plan: "pro", badge: "founder", flags: { beta: true, seats: 12 } };
  for (const [i, name] of [
    "barbara",
    "dennis",
    "edsger",
    "frances",
    "katherine",
    "ken",
    "leslie",
    "margaret",
    "radia",
  ].entries())
    await meta.update(
      name,
      {
        public: { ...profiles, plan: ["free", "pro", "enterprise"][i % 3], flags: { beta: i % 2 === 0, seats: i + 1 } },
        private: {
          credits: i * 9,
          customer: `cus_${9000 + i * 77}`,
          notes: Array(i * 3).fill("called about the invoice"),
        },
        unsafe: { theme: i % 2 ? "dark" : "light", locale: "en-GB" },
      },
      { actor: "server", reason: "import" },
    );
  await meta.update("grace", { public: { plan: "enterprise" } }, { actor: "user:ada", reason: "signed the contract" });
  await meta.update("grace", { unsafe: { locale: "en-US", shortcuts: ["g i", "g s"] } }, { actor: "user:grace" });

  await page.setViewportSize({ width: 1280, height: 760 });
  await page.goto(origin);
  await page.getByRole("button", { name: "Ada Lovelace" }).click();
  await page.getByRole("tab", { name: "Admin" }).click();
  await page.getByRole("link", { name: "console" }).click();
  await page.getByText("12 users, by id").waitFor();
  await picture(page, "console-users");

  await page.getByRole("link", { name: "grace" }).click();
  await page.getByText('"enterprise"', { exact: true }).waitFor(); // a value of the record: the list may still be there
  await write(page, "private", {
    preferences: { theme: "dark" },
    notifications: { email: true },
    todos: ["use-text-notifs", "renew in May"],
    credits: 112,
  });
  await page.emulateMedia({ colorScheme: "dark" });
  await picture(page, "console-user");
  await page.emulateMedia({ colorScheme: "light" });
  await page.getByRole("button", { name: "Review and save" }).click();
  await page.getByRole("textbox", { name: "Reason" }).fill("credits from the contract");
  await picture(page, "console-review");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByText("Saved as version 4.").waitFor();

  await page.getByRole("link", { name: "Change log" }).click();
  await page.getByText("credits from the contract").waitFor();
  const [change] = await Array.fromAsync(meta.history("grace"));
  expect(change).toMatchObject({ actor: "user:ada", reason: "credits from the contract", kind: "replace" });
});
