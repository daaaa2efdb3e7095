import type { MetadataClient } from "@usermeta/client";
import type { Page, Route } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { it } from "./browser.ts";
import { bundle } from "./bundle.ts";
import { openSite, type Site } from "./site.ts";

/** In the page, see pages/client.ts. */
declare const client: MetadataClient;
declare const shown: () => string;

const secret = "only-the-server-knows";
let site: Site;
let user = "";
let users = 0;
beforeAll(async () => {
  const script = await bundle(new URL("pages/client.ts", import.meta.url));
  const html = `<!doctype html><html lang="en"><title>t</title><pre id="root"></pre><script type="module">${script}</script>`;
  site = await openSite({ pages: { "/": html } });
});
afterAll(() => site?.close());
beforeEach(async () => {
  user = `user${users++}`;
  await site.meta.update(user, {
    public: { plan: "pro" },
    private: { secret, [secret]: 1 },
    unsafe: { theme: "light" },
  });
  site.log.length = 0;
});
afterEach(() => {
  expect(site.wire.received(), "what reached browsers").not.toContain(secret);
});

/** Signs in and opens the page. */
async function open(page: Page, to = "/", lifetime = 3600): Promise<void> {
  await page.goto(`${site.origin}/signin/${user}?lifetime=${lifetime}&to=${encodeURIComponent(to)}`);
  await shows(page).not.toBe("null");
}
const text = (page: Page): Promise<string | null> => page.textContent("#root");
const streams = (): number => site.log.filter((line) => line.includes("/events last-event-id 200")).length;
const connected = () => expect.poll(streams);
const shows = (page: Page) => expect.poll(() => text(page));

describe("a page with a client", () => {
  it("loads with one request, connects with one more, and gets nothing private", async ({ page, context }) => {
    const asked: string[] = [];
    context.on("request", (request) => asked.push(new URL(request.url()).origin));
    await open(page);
    await connected().toBe(1);
    expect(await page.evaluate(() => client.current())).toMatchObject({
      userId: user,
      public: { plan: "pro" },
      unsafe: { theme: "light" },
      version: 1,
    });
    expect(site.log).toEqual(["GET /me/metadata 200", "GET /me/metadata/events last-event-id 200"]);
    expect(new Set(asked)).toEqual(new Set([site.origin]));
    expect(site.wire.received(), "the tap sees what is sent").toContain('"theme":"light"');
  });

  it("shows an update at once, and makes it again on top of another's", async ({ page }) => {
    await open(page);
    await connected().toBe(1);
    await page.evaluate(() => client.update({ unsafe: { a: 1 } }));
    site.log.length = 0;
    // The other write comes while ours is on its way: the page cannot have heard of it.
    const interfere = async (route: Route) => {
      await site.meta.update(user, { unsafe: { b: 2, theme: "blue" } });
      await route.continue();
    };
    await page.route("**/me/metadata", interfere, { times: 1 });
    const atOnce = await page.evaluate(() => {
      void client.update({ unsafe: { theme: "dark" } });
      return shown();
    });
    expect(atOnce).toBe('{"theme":"dark","a":1}');
    await shows(page).toBe('{"theme":"dark","a":1,"b":2}');
    await expect
      .poll(() => site.log.filter((line) => line.startsWith("PATCH")))
      .toEqual(["PATCH /me/metadata if-match 412", "PATCH /me/metadata if-match 200"]);
    expect((await site.meta.get(user)).unsafe).toEqual({ theme: "dark", a: 1, b: 2 });
  });

  it("shares one connection with other tabs, any of which may be closed", async ({ context }) => {
    const [first, second, third] = [await context.newPage(), await context.newPage(), await context.newPage()];
    await open(first);
    await connected().toBe(1);
    for (const page of [second, third]) {
      await page.goto(site.origin);
      await shows(page).toBe('{"theme":"light"}');
    }
    await first.evaluate(() => client.update({ unsafe: { theme: "dark" } }));
    for (const page of [second, third]) await shows(page).toBe('{"theme":"dark"}');
    await site.meta.update(user, { unsafe: { theme: "blue" } });
    for (const page of [first, second, third]) await shows(page).toBe('{"theme":"blue"}');
    expect(streams()).toBe(1);

    await first.close();
    await connected().toBe(2);
    await site.meta.update(user, { unsafe: { theme: "red" } });
    for (const page of [second, third]) await shows(page).toBe('{"theme":"red"}');
    await second.close({ runBeforeUnload: false });
    await site.meta.update(user, { unsafe: { theme: "green" } }); // nobody may be connected now
    await shows(third).toBe('{"theme":"green"}');
    expect(streams()).toBe(3);
  });

  it("tells a new tab what it has missed by the time it listens", async ({ context, page }) => {
    await open(page);
    await connected().toBe(1);
    const late = await context.newPage();
    // Its first read is answered before the change, and arrives after the others have heard of it.
    await late.route("**/me/metadata", async (route) => {
      const answer = await route.fetch();
      await site.meta.update(user, { unsafe: { theme: "missed" } });
      await shows(page).toBe('{"theme":"missed"}');
      await route.fulfill({ response: answer });
    });
    await late.goto(site.origin);
    await shows(late).toBe('{"theme":"missed"}');
    expect(streams()).toBe(1);
  });

  it("connects in each tab where the browser has no locks", async ({ context }) => {
    await context.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
    const pages = [await context.newPage(), await context.newPage()];
    for (const page of pages) await open(page);
    await connected().toBe(2);
    await site.meta.update(user, { unsafe: { theme: "dark" } });
    for (const page of pages) await shows(page).toBe('{"theme":"dark"}');
  });

  it("keeps users apart whose tabs share a browser", async ({ page, context }) => {
    await open(page);
    await connected().toBe(1);
    const other = `${user}-other`;
    await site.meta.update(other, { unsafe: { theme: "theirs" } });
    const theirs = await context.newPage();
    await theirs.goto(`${site.origin}/signin/${other}`);
    await shows(theirs).toBe('{"theme":"theirs"}');
    await connected().toBe(2);
    await site.meta.update(other, { unsafe: { theme: "theirs, too" } });
    await shows(theirs).toBe('{"theme":"theirs, too"}');
    expect(await text(page)).toBe('{"theme":"light"}');
  });

  it("renews a session that has expired, once, and goes on", async ({ page }) => {
    await open(page, `/?refresh=${user}`, 2);
    await connected().toBe(1);
    // The stream ends with the session.
    await expect
      .poll(() => site.log.slice(site.log.indexOf("refresh")))
      .toEqual(["refresh", "GET /me/metadata/events last-event-id 200"]);
    await page.evaluate(() => client.update({ unsafe: { theme: "dark" } }));
    await shows(page).toBe('{"theme":"dark"}');
    await site.meta.update(user, { unsafe: { theme: "blue" } });
    await shows(page).toBe('{"theme":"blue"}');
    expect(site.log.filter((line) => line === "refresh").length).toBe(1);
  });

  it("shows nothing any more when the session is over", async ({ page }) => {
    await open(page, "/", 2);
    await connected().toBe(1);
    await shows(page).toBe("token_expired");
    expect(await page.evaluate(() => client.current())).toBe(undefined);
  });

  it("catches up with a server that was away, and sends what was waiting", async ({ page }) => {
    await open(page);
    await connected().toBe(1);
    await site.wire.cut();
    const updating = page.evaluate(() => client.update({ unsafe: { mine: 1 } }));
    await shows(page).toBe('{"theme":"light","mine":1}');
    await site.meta.update(user, { unsafe: { theirs: 1 } });
    await site.wire.restore();
    await updating;
    await expect.poll(async () => JSON.parse((await text(page)) ?? "")).toEqual({ theme: "light", mine: 1, theirs: 1 });
    await connected().toBe(2);
    await site.meta.update(user, { unsafe: { theme: "dark" } });
    await expect.poll(() => text(page)).toContain('"theme":"dark"');
  });

  it("signs up with metadata once", async ({ page }) => {
    user = `${user}-new`;
    await open(page);
    const signUp = () =>
      client.signUp({ unsafe: { birthday: "11-30-1969" } }).then(
        ({ unsafe }) => unsafe,
        ({ code, detail }: { code: string; detail: string }) => [code, detail],
      );
    expect(await page.evaluate(signUp)).toEqual({ birthday: "11-30-1969" });
    expect(await page.evaluate(signUp)).toEqual(["already_set", expect.stringContaining("was set before")]);
    expect((await site.meta.export(user)).history.length).toBe(1);
  });

  it("works from another origin with a token", async ({ page }) => {
    await page.goto(`${site.origin.replace("127.0.0.1", "localhost")}/?api=${site.origin}&token=${user}`);
    await shows(page).toBe('{"theme":"light"}');
    await connected().toBe(1);
    await site.meta.update(user, { unsafe: { theme: "dark" } });
    await shows(page).toBe('{"theme":"dark"}');
    await page.evaluate(() => client.update({ unsafe: { a: 1 } }));
    await page.evaluate(() => client.get());
    expect(site.log.slice(1)).toEqual([
      "GET /me/metadata/events last-event-id 200",
      "PATCH /me/metadata if-match 200",
      "GET /me/metadata if-none-match 304",
    ]);
  });

  it("sends a write whose tab is closed at once", async ({ context }) => {
    const page = await context.newPage();
    await open(page);
    await connected().toBe(1);
    await page.evaluate(() => void client.update({ unsafe: { last: true } }));
    await page.close();
    await expect.poll(async () => (await site.meta.get(user)).unsafe).toMatchObject({ last: true });
  });
});
