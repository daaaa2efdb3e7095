import { spawn } from "node:child_process";
import { once } from "node:events";
import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type UserMeta } from "@usermeta/core";
import { mintToken, type Quirks, testBinding, testVerifier } from "@usermeta/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildSite } from "../../packages/nextjs/test/build.ts";
import type { Serve } from "../host/config.ts";
import { onNextjs, onNextjsPages } from "../host/nextjs.ts";
import { type RawRequest, send } from "../vectors/socket.ts";

function test(name: string, start: Serve, quirks: Quirks): void {
  testBinding(name, (mounting) => start({ ...mounting, port: 0 }), {
    cleansPaths: true,
    decodesQuery: true,
    ...quirks,
  });
}
for (const prefix of ["", "/usermeta"]) {
  const under = prefix && ` under ${prefix}`;
  test(`next.js app router${under}`, onNextjs, { prefix, framesAnswers: true });
  test(`next.js pages router${under}`, onNextjsPages, { prefix });
}
test("next.js pages router after its body parser", onNextjsPages, {
  prefix: "/parsed",
  parsesBodies: true,
  readsBodies: true,
});

/** As the client was told to, e.g. by `["cookie", "a=b"]`. */
type Lines = readonly (readonly [name: string, value: string])[];

describe("next.js", () => {
  const origin = "https://app.test";
  let meta: UserMeta;
  let token: string;
  let app: Awaited<ReturnType<Serve>>;
  let pages: typeof app;
  beforeAll(async () => {
    const verifier = jwtVerifier(await testVerifier());
    meta = createUserMeta({ store: memoryStore(), verifier, cookie: { name: "session" }, origins: [origin] });
    const application = { meta, routes: [metadataRoutes(meta)], port: 0 };
    [app, pages] = [await onNextjs(application), await onNextjsPages(application)];
    await meta.update("alice", { public: { plan: "gold" }, private: { secret: "hush" }, unsafe: { theme: "light" } });
    token = await mintToken({ sub: "alice" });
  });
  afterAll(async () => {
    await app.close();
    await pages.close();
  });

  const get = (path: string, headers: Lines = []) => send(app.port, { method: "GET", path, headers });
  const signedIn = (): Lines => [["cookie", `session=${token}`]];
  const bearer = (): Lines => [["authorization", `Bearer ${token}`]];

  describe("server components", () => {
    it("know who is signed in, and what they may see of themselves", async () => {
      for (const headers of [signedIn(), bearer()]) {
        const { status, body } = await get("/", headers);
        expect([status, body.includes("<h1>alice</h1>"), body.includes("gold")]).toEqual([200, true, true]);
        expect(body).not.toContain("hush");
      }
    });
    it("know when nobody is signed in", async () => {
      const { status, body } = await get("/");
      expect([status, body.includes("Nobody is signed in")]).toEqual([200, true]);
    });
    it.each([
      ["a bad token", (): Lines => [["authorization", "Bearer x.y.z"]]],
      ["two Authorization lines", (): Lines => [...bearer(), ...bearer()]],
    ])("throw on %s", async (_, headers) => {
      const { status, body } = await get("/", headers());
      expect([status, body.includes("alice")]).toEqual([500, false]);
    });
  });

  describe("server actions", () => {
    /** Sends the form of the page, as a browser without scripts does. */
    async function press(theme: string, headers: Lines) {
      const [, action] = /name="(\$ACTION_ID_\w+)"/.exec((await get("/", signedIn())).body) ?? [];
      const part = (name: unknown, value: string) =>
        `--x\r\ncontent-disposition: form-data; name="${String(name)}"\r\n\r\n${value}\r\n`;
      const body = `${part(action, "")}${part("theme", theme)}--x--\r\n`;
      const type = ["content-type", "multipart/form-data; boundary=x"] as const;
      await send(app.port, { method: "POST", path: "/", headers: [["host", "app.test"], type, ...headers], body });
      return (await meta.get("alice")).unsafe["theme"];
    }
    it("write for who is signed in", async () => {
      expect(await press("dark", [...signedIn(), ["origin", origin]])).toBe("dark");
      expect(await press("light", [...bearer(), ["origin", origin]])).toBe("light");
    });
    it.each<[string, () => Lines]>([
      ["by nobody", () => [["origin", origin]]],
      ["from another site", () => [...signedIn(), ["origin", "https://evil.test"]]],
      ["from an origin that is the Host's, and not listed", () => [...signedIn(), ["origin", "http://app.test"]]],
      ["without an Origin, which Next lets pass", signedIn],
    ])("write nothing when called %s", async (_, headers) => {
      expect(await press("light", [...signedIn(), ["origin", origin]])).toBe("light");
      expect(await press("dark", headers())).toBe("light");
    });
  });

  it.each(["proxy", "src/proxy", "middleware", "middleware:middleware:middleware:middleware:middleware"])(
    "asks for a session whatever x-middleware-subrequest says, e.g. %s (CVE-2025-29927)",
    async (value) => {
      for (const { port } of [app, pages])
        for (const path of ["/whoami", "/usermeta/me/metadata"]) {
          const headers: Lines = [["x-middleware-subrequest", value]];
          expect((await send(port, { method: "GET", path, headers })).status).toBe(401);
        }
    },
  );

  it.each<[string, number, number]>([
    ["TRACE", 500, 405], // Next cannot put this method into a Request
    ["QUERY", 400, 405],
    ["PROPFIND", 400, 405],
    ["POST", 405, 405],
  ])(
    "answers %s in the words of the app router, or of core behind the pages router",
    async (method, ofApp, ofPages) => {
      const ask = ({ port }: typeof app) => send(port, { method, path: "/usermeta/me/metadata", headers: bearer() });
      expect([(await ask(app)).status, (await ask(pages)).status]).toEqual([ofApp, ofPages]);
    },
  );

  it.each(["/usermeta/x/../me/metadata", "/usermeta/./me/metadata", "/usermeta/x/%2e%2e/me/metadata"])(
    "resolves %s before it looks for a route",
    async (path) => {
      for (const { port } of [app, pages]) {
        expect((await send(port, { method: "GET", path, headers: bearer() })).status).toBe(200);
        expect((await send(port, { method: "GET", path })).status).toBe(401);
      }
    },
  );
});

it("next start serves the example as it is configured by its environment", async () => {
  const { issuer, audience, jwks } = await testVerifier();
  const cwd = await buildSite();
  const child = spawn(process.execPath, ["node_modules/next/dist/bin/next", "start", "-p", "0", "-H", "127.0.0.1"], {
    cwd,
    env: { ...process.env, NODE_ENV: "production", ISSUER: issuer, AUDIENCE: audience, JWKS: JSON.stringify(jwks) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    let output = "";
    for await (const chunk of child.stdout) {
      output += String(chunk);
      if (/127\.0\.0\.1:\d+[\s\S]*Ready/.test(output)) break;
    }
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(output)?.[1]);
    const line = ["authorization", `Bearer ${await mintToken({ sub: "next-start" })}`] as const;
    const ask = async (path: string, ...headers: NonNullable<RawRequest["headers"]>) => {
      const { status, body } = await send(port, { method: "GET", path, headers });
      return [status, body.includes('"userId":"next-start"')];
    };
    expect(await ask("/other")).toEqual([204, false]); // up, while nothing that asks for a session is loaded
    for (const base of ["", "/api"])
      for (const path of [`${base}/whoami`, `${base}/usermeta/me/metadata`]) {
        expect([path, await ask(path, line, line)]).toEqual([path, [400, false]]);
        expect([path, await ask(path, line)]).toEqual([path, [200, true]]);
        expect([path, await ask(path)]).toEqual([path, [401, false]]);
      }
  } finally {
    child.kill();
    await once(child, "close");
  }
});
