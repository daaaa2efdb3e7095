import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type UserMeta } from "@usermeta/core";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { onNextjs } from "../host/nextjs.ts";
import { freePort } from "../servers.ts";
import { it } from "./browser.ts";
import { openWire, type Wire } from "./wire.ts";

describe("the page of the Next.js example", () => {
  const secret = "only-the-server-knows";
  let meta: UserMeta;
  let server: Awaited<ReturnType<typeof onNextjs>>;
  let wire: Wire;
  let origin: string;
  beforeAll(async () => {
    const port = await freePort();
    wire = await openWire(port);
    origin = `http://127.0.0.1:${wire.port}`;
    const verifier = jwtVerifier(await testVerifier());
    meta = createUserMeta({ store: memoryStore(), verifier, cookie: { name: "session" }, origins: [origin] });
    server = await onNextjs({ meta, routes: [metadataRoutes(meta)], port });
    await meta.update("ada", { public: { plan: "gold" }, private: { secret }, unsafe: { theme: "light" } });
  }, 600_000); // builds the site
  afterAll(async () => {
    await wire?.cut();
    await server?.close();
  });

  it("is rendered on the server, taken over without a difference, and writes either way", async ({ context, page }) => {
    await context.addCookies([{ name: "session", value: await mintToken({ sub: "ada" }), url: origin }]);
    const answer = await page.goto(origin);
    expect(await answer?.text()).toMatch(/<pre>\{\s*&quot;plan&quot;: &quot;gold&quot;\s*\}<\/pre>/);
    const unsafe = async () => JSON.parse((await page.locator("pre").last().textContent()) ?? "") as unknown;
    expect(await unsafe()).toEqual({ theme: "light" });

    await page.getByLabel("Birthday").fill("11-30-1969");
    await page.getByRole("button", { name: "Update birthday" }).click();
    await expect.poll(unsafe).toEqual({ theme: "light", birthday: "11-30-1969" });
    await expect.poll(async () => (await meta.get("ada")).unsafe).toEqual({ theme: "light", birthday: "11-30-1969" });

    await page.getByRole("button", { name: "dark" }).click(); // a server action
    await expect.poll(unsafe).toEqual({ theme: "dark", birthday: "11-30-1969" });

    await meta.update("ada", { unsafe: { theme: "blue" } }); // heard of by the stream
    await expect.poll(unsafe).toEqual({ theme: "blue", birthday: "11-30-1969" });
    expect(wire.received()).not.toContain(secret);
  });
});
