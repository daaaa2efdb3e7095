import { afterAll, afterEach, beforeAll, beforeEach, describe, expect } from "vitest";
import { it } from "./browser.ts";
import { bundle } from "./bundle.ts";
import { openSite, type Site } from "./site.ts";

const secret = "only-the-server-knows";
const versions = { 18: { react: "react18", "react-dom": "react-dom18" }, 19: {} };

describe.each([18, 19] as const)("a page with React %i", (version) => {
  let site: Site;
  let render: (props: object) => string;
  let user = "";
  let users = 0;

  beforeAll(async () => {
    const alias = versions[version];
    const [server, browser] = await Promise.all(
      ["server", "browser"].map((name) => bundle(new URL(`pages/${name}.tsx`, import.meta.url), { alias })),
    );
    const url = `data:text/javascript,${encodeURIComponent(server ?? "")}`;
    ({ render } = (await import(/* @vite-ignore */ url)) as { render: typeof render });
    const page = (html: string, props: object): string =>
      `<!doctype html><html lang="en"><head><title>t</title></head><body><div id="root">${html}</div>` +
      `<script id="props" type="application/json">${JSON.stringify(props)}</script>` +
      `<script type="module" src="/script.js"></script></body></html>`;
    site = await openSite({
      pages: {
        "/": page("", {}),
        "/suspense": page("", { suspense: true }),
        "/strict": page("", { suspense: true, strict: true }),
        "/rendered": async () => {
          const { public: shown, unsafe, version } = await site.meta.get(user);
          const props = { initial: { userId: user, public: shown, unsafe, version } };
          return page(render(props), props);
        },
        "/unloaded": () => page(render({}), {}),
        "/disagreeing": () => page(render({}), { initial: { userId: user, public: {}, unsafe: {}, version: 0 } }),
      },
      files: { "/script.js": browser ?? "" },
    });
  });
  afterAll(() => site?.close());
  beforeEach(async () => {
    user = `user${users++}`;
    const unsafe = { theme: "light", preferences: { size: 1 } };
    await site.meta.update(user, { public: { plan: "pro" }, private: { secret, [secret]: 1 }, unsafe });
    site.log.length = 0;
  });
  afterEach(() => {
    expect(site.wire.received(), "what reached browsers").not.toContain(secret);
  });
  const signIn = (to: string, who = user): string => `${site.origin}/signin/${who}?to=${to}`;
  const connected = () => expect.poll(() => site.log.at(-1)).toBe("GET /me/metadata/events last-event-id 200");

  it("runs that version", async ({ page }) => {
    await page.goto(site.origin);
    await expect.poll(() => page.getAttribute("html", "data-react")).toMatch(new RegExp(`^${version}\\.`));
  });

  it("shows what is loading, then the metadata, with one request for all hooks", async ({ page }) => {
    await page.goto(signIn("/"));
    await page.getByText('theme: "light"').waitFor();
    expect(await page.textContent("#plan")).toContain('plan: "pro"');
    expect(await page.textContent("h2")).toBe(user);
    expect(JSON.parse((await page.textContent("#everything")) ?? "")).toEqual([
      { plan: "pro" },
      { theme: "light", preferences: { size: 1 } },
    ]);
    await connected();
    expect(site.log).toEqual(["GET /me/metadata 200", "GET /me/metadata/events last-event-id 200"]);
  });

  it("renders again only what shows what has changed", async ({ page }) => {
    await page.goto(signIn("/"));
    await page.getByText('theme: "light"').waitFor();
    await connected();
    const counts = async () => (await page.locator("small").allTextContents()).map(Number);
    expect(await counts(), "loading, then loaded: theme, preferences, plan").toEqual([2, 2, 2]);
    await site.meta.update(user, { unsafe: { theme: "dark" } });
    await page.getByText('theme: "dark"').waitFor();
    expect(await counts()).toEqual([3, 2, 2]);
    await site.meta.update(user, { unsafe: { preferences: { size: 1 }, other: 1 } });
    await page.getByText('"other":1').waitFor();
    expect(await counts(), "the same preferences again").toEqual([3, 2, 2]);
    await site.meta.update(user, { public: { plan: "free" } });
    await page.getByText('plan: "free"').waitFor();
    expect(await counts()).toEqual([3, 2, 3]);
  });

  it("replaces with update, merges with updateMetadata, and reloads", async ({ page }) => {
    await page.goto(signIn("/"));
    await page.getByLabel("Birthday").fill("11-30-1969");
    await page.getByRole("button", { name: "Merge" }).click();
    const merged = { theme: "light", preferences: { size: 1, birthday: "11-30-1969" } };
    await expect.poll(async () => (await site.meta.get(user)).unsafe).toEqual(merged);
    await page.getByRole("button", { name: "Replace" }).click();
    await page.getByText('[{"plan":"pro"},{"birthday":"11-30-1969"}]').waitFor();
    await expect.poll(async () => (await site.meta.get(user)).unsafe).toEqual({ birthday: "11-30-1969" });
    await page.getByRole("button", { name: "Reload" }).click();
    await expect.poll(() => site.log.at(-1)).toBe("GET /me/metadata if-none-match 304");
  });

  it("shows a refused write only until it is refused", async ({ page }) => {
    await page.goto(signIn("/"));
    await page.getByText('theme: "light"').waitFor();
    await page.getByRole("button", { name: "Too much" }).click();
    await page.getByText("scope_too_large").waitFor();
    expect(await page.textContent("#theme")).toContain('theme: "light"');
  });

  it("says who is signed out, and what is wrong", async ({ page, problems }) => {
    await page.goto(`${site.origin}/suspense`);
    await page.getByText("signed out").waitFor();
    await page.getByText("caught session_required").waitFor();
    await page.close();
    const expected = /send a session token|error occurred in the <Suspended> component/; // React's log of what is caught
    expect(problems.filter((problem) => !expected.test(problem))).toEqual([]);
    problems.length = 0;
  });

  it("suspends until there is something to show", async ({ page }) => {
    site.fail(1);
    await page.goto(signIn("/suspense"));
    await page.getByText(`for ${user}`).waitFor();
    expect(site.log.filter((line) => line.startsWith("GET /me/metadata "))).toEqual([
      "GET /me/metadata 503",
      "GET /me/metadata 200",
    ]);
  });

  it("works in strict mode, with one connection", async ({ page }) => {
    await page.goto(signIn("/strict"));
    await page.getByText(`for ${user}`).waitFor();
    await connected();
    await site.meta.update(user, { unsafe: { theme: "dark" } });
    await page.getByText('theme: "dark"').waitFor();
    expect(site.log).toEqual(["GET /me/metadata 200", "GET /me/metadata/events last-event-id 200"]);
  });

  it("takes over what the server has rendered, without a difference", async ({ page }) => {
    const answer = await page.goto(signIn("/rendered"));
    expect(await answer?.text()).toContain("theme: <!-- -->&quot;light&quot;");
    await connected();
    await site.meta.update(user, { unsafe: { theme: "dark" } });
    await page.getByText('theme: "dark"').waitFor();
    expect(await page.textContent("h2")).toBe(user);
  });

  it("takes over what the server has rendered without metadata", async ({ page }) => {
    await page.goto(signIn("/unloaded"));
    await page.getByText('theme: "light"').waitFor();
  });

  it("would notice a difference", async ({ page, problems }) => {
    await page.goto(signIn("/disagreeing"));
    await expect.poll(() => problems.join()).toMatch(/hydrat/i);
    await page.close(); // nothing comes after that
    problems.length = 0;
  });

  it("never renders private metadata", () => {
    const initial = { userId: user, public: {}, unsafe: {}, version: 1, private: { secret } } as never;
    expect(() => render({ initial })).toThrow("private metadata must not reach a page");
  });
});
