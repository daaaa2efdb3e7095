import { createUserMeta, jwtVerifier, memoryStore, type UserMeta } from "@usermeta/core";
import { createApp } from "@usermeta/example-javascript";
import { mintToken, testVerifier } from "@usermeta/testkit";
import type { Express } from "express";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { serve } from "../serve.ts";
import { violations } from "./accessibility.ts";
import { it } from "./browser.ts";

describe("the page in plain JavaScript", () => {
  let meta: UserMeta;
  let server: Awaited<ReturnType<typeof serve>>;
  let origin: string;
  beforeAll(async () => {
    let app: Express | undefined;
    server = await serve((req, res) => app?.(req, res));
    origin = `http://127.0.0.1:${server.port}`;
    const verifier = jwtVerifier(await testVerifier());
    meta = createUserMeta({ store: memoryStore(), verifier, cookie: { name: "session" }, origins: [origin] });
    app = await createApp(meta);
    await meta.update("ada", { public: { plan: "pro" }, private: { credits: 12 } });
  });
  afterAll(() => server?.close());

  it("signs up once, writes, and counts the visits of all tabs", async ({ context, page }) => {
    await context.addCookies([{ name: "session", value: await mintToken({ sub: "ada" }), url: origin }]);
    await page.goto(origin);
    await page.getByText("ada, plan pro").waitFor();
    expect(await violations(page)).toEqual([]);
    const other = await context.newPage();
    await other.goto(origin);
    await page.locator("#signup input").fill("11-30-1969");
    await page.getByRole("button", { name: "Sign up" }).click();
    await page.getByRole("button", { name: "Save" }).waitFor();
    await page.getByLabel("Newsletter").check();
    await page.getByRole("button", { name: "Save" }).click();
    await expect.poll(() => other.getByLabel("Newsletter").isChecked()).toBe(true);
    expect(await violations(page)).toEqual([]);
    await Promise.all([page.reload(), other.reload()]);
    await expect.poll(async () => (await meta.get("ada")).unsafe).toMatchObject({ birthday: "11-30-1969", visits: 2 });
    await expect.poll(() => page.textContent("#visits")).toBe("2");
  });
});
