import { gzipSync } from "node:zlib";
import { consoleRoutes } from "@usermeta/console";
import {
  adminKey,
  createUserMeta,
  type HttpRequest,
  type HttpResponse,
  jwtVerifier,
  memoryStore,
  type Routes,
} from "@usermeta/core";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { describe, expect, it } from "vitest";

const key = "the-admin-key-of-the-console-tests-0123456789";
const withKey = { authorize: adminKey({ ops: key }) };
const verifier = jwtVerifier(await testVerifier());

function open(options: Parameters<typeof consoleRoutes>[1] = withKey, cookie = false): Routes {
  const origins = ["https://app.test"];
  const meta = createUserMeta({ store: memoryStore(), verifier, ...(cookie && { cookie: { name: "s" }, origins }) });
  return consoleRoutes(meta, options);
}

async function ask(routes: Routes, url: string, request: Partial<HttpRequest> = {}): Promise<HttpResponse> {
  return (await routes.handle({ method: "GET", headers: {}, ...request, url })) ?? expect.unreachable(`no ${url}`);
}

const textOf = ({ body }: HttpResponse): string => body as string;

/** The addresses of the page's files, as it names them. */
const filesOf = (html: string): string[] =>
  [...html.matchAll(/(?:href|src)="([^"]+\.(?:css|js))"/g)].map(([, f = ""]) => f);

describe("the page", () => {
  it("is served with and without a trailing slash, and finds its files from both", async () => {
    const routes = open();
    for (const [url, base] of [
      ["/console", "console/"],
      ["/console/", ""],
      ["/console?x=/", "console/"],
    ] as const) {
      const files = filesOf(textOf(await ask(routes, url)));
      expect(files).toHaveLength(2);
      for (const file of files) {
        expect(file.startsWith(base) && !file.slice(base.length).includes("/"), file).toBe(true);
        expect(await ask(routes, `/console/${file.slice(base.length)}`)).toMatchObject({ status: 200 });
      }
    }
  });

  it("allows nothing but its own files, by a nonce that is never the same", async () => {
    const routes = open();
    const [one, two] = [await ask(routes, "/console/"), await ask(routes, "/console/")];
    const policy = one.headers["content-security-policy"] ?? "";
    expect(policy).not.toMatch(/unsafe|\*|https?:|'self' /);
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "trusted-types 'none'"])
      expect(policy.split("; ")).toContain(part);
    const nonce = (response: HttpResponse) =>
      /'nonce-([\w+/=]{24,})'/.exec(response.headers["content-security-policy"] ?? "")?.[1];
    expect(nonce(one)).not.toBe(nonce(two));
    expect(textOf(one).split(`nonce="${nonce(one)}"`)).toHaveLength(3);
    expect(one.headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "no-referrer",
      "x-frame-options": "DENY",
    });
  });

  it("has at most 150 kB to download, gzipped, and nothing of it from elsewhere", async () => {
    const routes = open();
    const html = textOf(await ask(routes, "/console/"));
    let text = html;
    for (const file of filesOf(html)) {
      const response = await ask(routes, `/console/${file}`);
      expect(textOf(response), "what bindings send as Latin-1").toMatch(/^\p{ASCII}+$/u);
      text += textOf(response);
      expect(response.headers["cache-control"]).toBe("public, max-age=31536000, immutable");
    }
    expect(gzipSync(text, { level: 9 }).length).toBeLessThanOrEqual(150_000);
    const addresses = new Set(text.match(/(?:https?:)?\/\/[a-z][\w.-]+\.[a-z]{2,}[^"'`\s)]*/gi));
    expect([...addresses].filter((address) => !address.startsWith("http://www.w3.org/"))).toEqual([]);
  });

  it("tells nobody anything: it holds the limits and how to sign in", async () => {
    const settings = (html: string): unknown =>
      JSON.parse((/data-settings="([^"]*)"/.exec(html)?.[1] ?? "").replaceAll("&quot;", '"'));
    const characters = { public: 3000, private: 3000, unsafe: 3000 };
    const limits = { characters, depth: 30 };
    const session = { authorize: () => false as const };
    expect(settings(textOf(await ask(open(), "/console")))).toEqual({ credentials: "key", limits });
    expect(settings(textOf(await ask(open(session), "/console")))).toEqual({ credentials: "token", limits });
    expect(settings(textOf(await ask(open(session, true), "/console")))).toEqual({ credentials: "cookie", limits });
  });

  it("answers HEAD, and refuses other methods and files", async () => {
    const routes = open();
    const get = await ask(routes, "/console/");
    const head = await ask(routes, "/console/", { method: "HEAD" });
    expect(head).toMatchObject({ status: 200, body: "" });
    expect(Object.keys(head.headers)).toEqual(Object.keys(get.headers));
    expect(await ask(routes, "/console/", { method: "POST" })).toMatchObject({ status: 405 });
    for (const name of ["console.js", "console-0000000000000000.js", "..%2f..%2fpackage.json", "__proto__", "%00"])
      expect(await ask(routes, `/console/${name}`), name).toMatchObject({ status: 404 });
    for (const url of ["/", "/consol", "/console2", "/console/a/b", "/admin/users", "/me/metadata"])
      expect(routes.handle({ method: "GET", headers: {}, url }), url).toBeUndefined();
  });
});

describe("the data", () => {
  it("comes from core's admin routes, below /console, with their rules", async () => {
    const routes = open();
    const guarded = routes.table.filter(({ path }) => path.startsWith("/console/admin/"));
    expect(guarded).toHaveLength(10);
    for (const { method, path } of guarded) {
      const url = path.replaceAll(/\{\w+\}/g, "x");
      expect(await ask(routes, url, { method }), `${method} ${path}`).toMatchObject({ status: 401 });
    }
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const written = await ask(routes, "/console/admin/users/a%2Fb/metadata", {
      method: "PUT",
      headers,
      body: '{"private":{"n":1}}',
    });
    expect(written).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
    expect(JSON.parse(textOf(await ask(routes, "/console/admin/users/a%2Fb/history", { headers })))).toMatchObject({
      changes: [{ actor: "key:ops" }],
    });
  });

  it("is not written by a page of another site, whatever cookie comes along", async () => {
    const routes = open({ authorize: ({ userId }) => ({ actor: userId }) }, true);
    const cookie = `s=${await mintToken({ sub: "root" })}`;
    const writes = routes.table.filter(({ method }) => method !== "GET");
    expect(writes).toHaveLength(6);
    for (const { method, path } of writes)
      for (const origin of ["https://evil.test", "null", "https://app.test.evil.test"]) {
        const headers = { cookie, origin, "sec-fetch-site": "cross-site", "content-type": "application/json" };
        const answer = await ask(routes, path.replaceAll(/\{\w+\}/g, "x"), { method, headers, body: "{}" });
        expect(answer, `${method} ${path}`).toMatchObject({
          status: 403,
          body: expect.stringContaining("origin_forbidden"),
        });
      }
  });
});

it("does not start without authorize", () => {
  const config = expect.objectContaining({ code: "invalid_config" });
  expect(() => open({} as never)).toThrow(config);
  expect(() => open({ ...withKey, autorize: 1 } as never)).toThrow(config);
});
