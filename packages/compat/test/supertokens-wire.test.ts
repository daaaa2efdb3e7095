// The core driver interface byte for byte: what every SDK may send, and what the core answers.
import { superTokensRoutes } from "@usermeta/compat";
import { createUserMeta, jwtVerifier, memoryStore } from "@usermeta/core";
import { mount } from "@usermeta/express";
import { testVerifier } from "@usermeta/testkit";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../../../test/serve.ts";
import { exchange, keys, startWorld, stores, type World } from "./world.ts";

const metadata = "/recipe/user/metadata";
const html = "text/html; charset=UTF-8";
const json = "application/json; charset=UTF-8";

let world: World;
beforeAll(async () => {
  world = await startWorld("memory");
});
afterAll(() => world.close());

interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request with the key and the version of the newest SDKs, and shows status, type and text of the answer. */
async function ask(method: string, path: string, { headers, body }: Asked = {}, base = world.url) {
  const response = await fetch(base + path, {
    method,
    headers: { "api-key": keys.superTokens, "cdi-version": "5.4", rid: "usermeta", ...headers },
    ...(body !== undefined && { body }),
  });
  return [response.status, response.headers.get("content-type"), await response.text()] as const;
}
const put = (body: string, path = metadata) => ask("PUT", path, { body });

describe("The wire of SuperTokens' core", () => {
  it("answers JSON as the core prints it, a line feed behind it", async () => {
    expect(await ask("GET", `${metadata}?userId=nobody`)).toEqual([200, json, '{"metadata":{},"status":"OK"}\n']);
    expect(await put('{"userId":"ada","metadataUpdate":{"a":{"b":null},"c":null}}')).toEqual([
      200,
      json,
      '{"metadata":{"a":{"b":null}},"status":"OK"}\n',
    ]);
    expect(await ask("POST", `${metadata}/remove`, { body: '{"userId":"ada"}' })).toEqual([
      200,
      json,
      '{"status":"OK"}\n',
    ]);
    const [status, type, versions] = await ask("GET", "/apiversion?apiDomain=a&websiteDomain=b");
    expect([status, type]).toEqual([200, json]);
    expect((JSON.parse(versions) as { versions: string[] }).versions).toEqual(
      expect.arrayContaining(["2.13", "2.21", "3.0", "3.1", "4.0", "5.0", "5.1", "5.2", "5.3", "5.4"]),
    );
  });

  it("says hello without a key", async () => {
    for (const method of ["GET", "POST", "PUT", "DELETE"])
      expect(await ask(method, "/hello", { headers: { "api-key": "" } })).toEqual([200, html, "Hello\n"]);
    expect(await ask("GET", "/")).toEqual([200, html, "Hello\n"]);
    expect(await ask("GET", "/appid-public/hello/")).toEqual([200, html, "Hello\n"]);
    expect(await ask("PATCH", "/hello")).toEqual([405, html, "Method not supported\n"]);
  });

  it.each([
    ["api-key", keys.superTokens],
    ["api-key", `  ${keys.superTokens} `],
    ["authorization", keys.superTokens],
    ["authorization", `Bearer ${keys.superTokens}`],
    ["authorization", `bearer ${keys.superTokens}`],
  ])("takes the key from %s: %j", async (name, value) => {
    const response = await fetch(`${world.url}${metadata}?userId=x`, { headers: { [name]: value } });
    expect(response.status).toBe(200);
  });

  const wrong = [401, html, "Invalid API key\n"];
  const invalid = (field: string) => [400, html, `Field name '${field}' is invalid in JSON input\n`];
  const unreadable = [400, html, "Invalid Json Input\n"];
  const unsupported = (version: string) => [400, html, `cdi-version ${version} not supported\n`];
  const tenant = [403, html, "Only public tenantId can call this app specific API\n"];
  const noSuch = [404, html, "Not found\n"];
  const noApp = (app: string) => [
    400,
    html,
    "AppId or tenantId not found => Tenant with the following connectionURIDomain, appId and tenantId combination " +
      `not found: (, ${app}, public)\n`,
  ];
  const get = `${metadata}?userId=x`;

  it.each([
    ["GET", get, { headers: { "api-key": "" } }, wrong],
    ["GET", get, { headers: { "api-key": "wrong-key-wrong-key" } }, wrong],
    ["GET", get, { headers: { "api-key": `${keys.superTokens}x` } }, wrong],
    ["GET", get, { headers: { "api-key": "", authorization: `Basic ${keys.superTokens}` } }, wrong],
    ["GET", "/apiversion", { headers: { "api-key": "" } }, wrong],
    ["PATCH", "/t1/recipe/user/metadata", { headers: { "api-key": "", "cdi-version": "x" } }, wrong],
    ["GET", "/appid-none/recipe/user/metadata?userId=x", { headers: { "api-key": "" } }, wrong],
    ["GET", get, { headers: { "cdi-version": "five" } }, [400, html, "cdi-version header is invalid\n"]],
    ["GET", get, { headers: { "cdi-version": "5." } }, [400, html, "cdi-version header is invalid\n"]],
    ["GET", get, { headers: { "cdi-version": "99.0" } }, unsupported("99.0")],
    ["GET", get, { headers: { "cdi-version": "2.6" } }, unsupported("2.6")],
    ["GET", get, { headers: { "cdi-version": "5.4.1" } }, unsupported("5.4.1")],
    ["GET", "/hello", { headers: { "cdi-version": "99.0" } }, unsupported("99.0")],
    ["PATCH", get, { headers: { "cdi-version": "2.6" } }, unsupported("2.6")],
    ["GET", metadata, {}, [400, html, "Field name 'userId' is missing in GET request\n"]],
    ["DELETE", metadata, {}, [405, html, "Method not supported\n"]],
    ["POST", metadata, {}, [405, html, "Method not supported\n"]],
    ["GET", `${metadata}/remove`, {}, [405, html, "Method not supported\n"]],
    ["OPTIONS", metadata, {}, [405, html, "Method not supported\n"]],
    ["PUT", metadata, { body: "" }, unreadable],
    ["PUT", metadata, { body: "[]" }, unreadable],
    ["PUT", metadata, { body: "null" }, unreadable],
    ["PUT", metadata, { body: "{'a':1}" }, unreadable],
    ["PUT", metadata, { body: '{"metadataUpdate":{}}' }, invalid("userId")],
    ["PUT", metadata, { body: '{"userId":null,"metadataUpdate":{}}' }, invalid("userId")],
    ["PUT", metadata, { body: '{"userId":5,"metadataUpdate":{}}' }, invalid("userId")],
    ["PUT", metadata, { body: '{"userId":["x","y"],"metadataUpdate":{}}' }, invalid("userId")],
    ["PUT", metadata, { body: '{"userId":"x"}' }, invalid("metadataUpdate")],
    ["PUT", metadata, { body: '{"userId":"x","metadataUpdate":null}' }, invalid("metadataUpdate")],
    ["PUT", metadata, { body: '{"userId":"x","metadataUpdate":[]}' }, invalid("metadataUpdate")],
    ["PUT", metadata, { body: '{"userId":"x","metadataUpdate":"a"}' }, invalid("metadataUpdate")],
    ["POST", `${metadata}/remove`, { body: "{}" }, invalid("userId")],
    ["GET", "/t1/recipe/user/metadata?userId=x", {}, tenant],
    ["GET", "/t1/recipe/user/metadata", {}, [400, html, "Field name 'userId' is missing in GET request\n"]],
    ["GET", "/t1/apiversion", {}, tenant],
    ["GET", "/t1/recipe/user/metadata?userId=x", { headers: { "cdi-version": "2.21" } }, noSuch],
    ["GET", "/appid-none/recipe/user/metadata?userId=x", {}, noApp("none")],
    ["GET", "/appid-none/t1/recipe/user/metadata?userId=x", { headers: { "cdi-version": "4.0" } }, noApp("none")],
    ["GET", "/appid-/recipe/user/metadata?userId=x", {}, noApp("")],
    ["GET", "/appid-none/hello", {}, noApp("none")],
    ["GET", "/recipe/user/nothing", { headers: { "api-key": "" } }, noSuch],
    ["GET", "/recipe/multitenancy/app/v2", {}, noSuch],
    ["GET", "/appid-none/nothing/at/all", { headers: { "api-key": "" } }, noSuch],
    ["GET", "/appid-public/t1/", {}, noSuch],
    ["PUT", "/recipe/multitenancy/app/v2", { body: '{"appId":"x"}' }, noSuch],
  ])("answers %s %s with %j as the core does", async (method, path, asked, expected) => {
    expect(await ask(method, path, asked)).toEqual(expected);
  });

  it.each([
    `/public${metadata}`,
    `/appid-public${metadata}`,
    `/appid-public/public${metadata}`,
    `/AppId-Public/PUBLIC/Recipe/User/Metadata`,
    `${metadata}/`,
    `/APPID-public${metadata}/`,
  ])("finds the same data at %s", async (path) => {
    await put('{"userId":"prefix","metadataUpdate":{"found":true}}');
    expect(await ask("GET", `${path}?userId=prefix`)).toEqual([
      200,
      json,
      '{"metadata":{"found":true},"status":"OK"}\n',
    ]);
  });

  it("tolerates tenants below version 5, on the same data", async () => {
    await put('{"userId":"tolerated","metadataUpdate":{"found":true}}');
    for (const version of ["3.0", "3.1", "4.0"]) {
      const headers = { "cdi-version": version };
      const [status, , body] = await ask("GET", `/t1${metadata}?userId=tolerated`, { headers });
      expect([status, body]).toEqual([200, '{"metadata":{"found":true},"status":"OK"}\n']);
    }
  });

  it("leaves paths of other applications alone", async () => {
    for (const path of ["/users", "/foo", "/foo/bar", "/recipes", `${metadata}%2Fremove`.slice(1)])
      expect((await fetch(`${world.url}/${path.replace(/^\//, "")}`)).headers.get("content-type")).not.toBe(json);
    expect(await (await fetch(`${world.url}/foo`)).text()).toContain("Cannot GET /foo");
  });

  it("takes no target that is no path", () => {
    const routes = superTokensRoutes(world.meta, { apiKeys: false });
    for (const url of ["*", "http://127.0.0.1/recipe/user/metadata?userId=x", "recipe/user/metadata"])
      expect(routes.handle({ method: "GET", url, headers: {} })).toBeUndefined();
  });

  it('takes ["x"] for "x", as Gson does', async () => {
    const [status] = await put('{"userId":[["quirk"]],"metadataUpdate":{"a":1}}');
    expect(status).toBe(200);
    expect((await world.meta.get("quirk")).private).toEqual({ a: 1 });
  });

  it("reads UTF-8, whatever the content type says, and any encoding of a query", async () => {
    const body = '{"userId":"zoë +1","metadataUpdate":{"name":"Zoë 🎉"}}';
    expect(
      (await ask("PUT", metadata, { body, headers: { "content-type": "text/plain; charset=iso-8859-1" } }))[0],
    ).toBe(200);
    for (const userId of ["zo%C3%AB+%2B1", "zo%c3%ab%20%2b1"])
      expect(JSON.parse((await ask("GET", `${metadata}?x=1&userId=${userId}&userId=other`))[2])).toEqual({
        status: "OK",
        metadata: { name: "Zoë 🎉" },
      });
    expect((await ask("GET", `${metadata}?userId=%ff`))[0]).toBe(400);
  });

  it("gives many users at once, in their order, null for one nobody wrote about", async () => {
    await put('{"userId":"bulk1","metadataUpdate":{"a":1}}');
    await put('{"userId":"bulk2","metadataUpdate":{"a":1}}');
    await put('{"userId":"bulk2","metadataUpdate":{"a":null}}');
    await world.meta.update("bulk3", { public: { not: "private" } });
    const bulk = (userIds: unknown) => ask("POST", `${metadata}/bulk`, { body: JSON.stringify({ userIds }) });
    expect(await bulk(["bulk2", "nobody", "bulk1", "bulk3", "bulk1"])).toEqual([
      200,
      json,
      '{"status":"OK","users":[{"userId":"bulk2","metadata":{}},{"userId":"nobody","metadata":null},' +
        '{"userId":"bulk1","metadata":{"a":1}},{"userId":"bulk3","metadata":null},{"userId":"bulk1","metadata":{"a":1}}]}\n',
    ]);
    expect(await bulk([])).toEqual([200, json, '{"status":"OK","users":[]}\n']);
    const many = Array.from({ length: 500 }, (_, i) => `u${i}`);
    expect((await bulk(many))[0]).toBe(200);
    expect(await bulk([...many, "x"])).toEqual([400, html, "You can only query up to 500 users at a time.\n"]);
    expect(await bulk(["x", 1])).toEqual([400, html, "userIds array must contain only strings\n"]);
    expect(await bulk("x")).toEqual(invalid("userIds"));
  });

  it.each([
    ["a duplicate key", '{"a":1,"a":null}'],
    ["__proto__", '{"__proto__":{"admin":true}}'],
    ["constructor.prototype", '{"constructor":{"prototype":{}}}'],
    ["NUL", '{"a":"\\u0000"}'],
    ["a lone surrogate", '{"a":"\\ud800"}'],
    ["a number that is not kept exactly", '{"a":12345678901234567890}'],
    ["1e400", '{"a":1e400}'],
    ["nesting beyond the application's limit", `{"a":${"[".repeat(31)}${"]".repeat(31)}}`],
  ])("refuses %s, which could not be kept, and writes nothing", async (_, update) => {
    expect(await put(`{"userId":"refused","metadataUpdate":${update}}`)).toEqual(unreadable);
    expect((await world.meta.get("refused")).version).toBe(0);
  });

  it("keeps up to 1 MiB a user; what is over it may only shrink", async () => {
    const body = (size: number) => JSON.stringify({ userId: "large", metadataUpdate: { a: "x".repeat(size - 8) } });
    expect((await put(body(2 ** 20)))[0]).toBe(200);
    expect(await put(body(2 ** 20 + 1))).toEqual([422, html, "The metadata of a user must not exceed 1 MiB\n"]);
    expect((await put(`{"userId":"large","metadataUpdate":{"a":"${"x".repeat(2 ** 21)}"}}`))[0]).toBe(413);
    expect((await put(body(100)))[0]).toBe(200);
  });
});

describe.each(Object.keys(stores))("The requests of the other SDKs, byte for byte, on %s", (store) => {
  let own: World;
  beforeAll(async () => {
    own = await startWorld(store);
  });
  afterAll(() => own.close());

  /** As Go's net/http writes it: method, host, agent, length, then the headers by name. */
  const go = (line: string, body?: string) =>
    [
      `${line} HTTP/1.1`,
      `Host: localhost:${own.port}`,
      "User-Agent: Go-http-client/1.1",
      ...(body === undefined ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
      `Api-Key: ${keys.superTokens}`,
      ...(line.startsWith("GET /apiversion") ? [] : ["Cdi-Version: 3.1"]),
      ...(body === undefined ? [] : ["Content-Type: application/json; charset=utf-8"]),
      ...(line.startsWith("GET /apiversion") ? [] : ["Rid: usermetadata"]),
      "Accept-Encoding: gzip",
      "",
      body ?? "",
    ].join("\r\n");

  /** As httpx writes it: its own headers, then the caller's in their order. */
  const python = (line: string, body?: string) =>
    [
      `${line} HTTP/1.1`,
      `Host: localhost:${own.port}`,
      "Accept: */*",
      "Accept-Encoding: gzip, deflate",
      "Connection: keep-alive",
      "User-Agent: python-httpx/0.28.1",
      ...(line.startsWith("GET /apiversion") ? [] : ["cdi-version: 5.4"]),
      `api-key: ${keys.superTokens}`,
      ...(line.startsWith("GET /apiversion") ? [] : ["rid: usermetadata"]),
      ...(body === undefined
        ? []
        : ["content-type: application/json; charset=utf-8", `Content-Length: ${Buffer.byteLength(body)}`]),
      "",
      body ?? "",
    ].join("\r\n");

  const answer = async (bytes: string) => {
    const { head, body } = await exchange(own.port, bytes);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(head).toMatch(/^content-type: application\/json; charset=UTF-8\r?$/im);
    return JSON.parse(body) as unknown;
  };

  it("supertokens-golang 0.25.2", async () => {
    expect(await answer(go("GET /apiversion"))).toMatchObject({ versions: expect.arrayContaining(["3.1"]) });
    // encoding/json sorts the keys of maps and escapes <, > and &
    const update = '{"metadataUpdate":{"html":"\\u003cb\\u003e \\u0026","n":1,"gone":null},"userId":"go+1@x"}';
    const metadata = { html: "<b> &", n: 1 };
    expect(await answer(go("PUT /recipe/user/metadata", update))).toEqual({ metadata, status: "OK" });
    expect(await answer(go("GET /recipe/user/metadata?userId=go%2B1%40x"))).toEqual({ metadata, status: "OK" });
    expect(await answer(go("POST /recipe/user/metadata/remove", '{"userId":"go+1@x"}'))).toEqual({ status: "OK" });
    // the SDK panics when metadata is missing or null
    expect(await answer(go("GET /recipe/user/metadata?userId=go%2B1%40x"))).toEqual({ metadata: {}, status: "OK" });
  });

  it("supertokens-python 0.31.3", async () => {
    const query = "apiDomain=https%3A%2F%2Fapi.example&websiteDomain=https%3A%2F%2Fapp.example";
    expect(await answer(python(`GET /apiversion?${query}`))).toMatchObject({
      versions: expect.arrayContaining(["5.4"]),
    });
    const update = '{"userId":"zoë","metadataUpdate":{"name":"Zoë 🎉","n":1.0,"gone":null}}';
    const metadata = { name: "Zoë 🎉", n: 1 };
    expect(await answer(python("PUT /recipe/user/metadata", update))).toEqual({ metadata, status: "OK" });
    expect(await answer(python("GET /recipe/user/metadata?userId=zo%C3%AB"))).toEqual({ metadata, status: "OK" });
    expect(await answer(python("POST /recipe/user/metadata/remove", '{"userId":"zoë"}'))).toEqual({ status: "OK" });
    expect(await answer(python("GET /recipe/user/metadata?userId=zo%C3%AB"))).toEqual({ metadata: {}, status: "OK" });
  });
});

describe("Apps", () => {
  const make = async () => createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });

  it("have data of their own, and are made for those who may", async () => {
    const apps = new Map<string, Awaited<ReturnType<typeof make>>>();
    const routes = superTokensRoutes(await make(), {
      apiKeys: false,
      apps,
      createApp: async (appId) => {
        const isNew = !apps.has(appId);
        if (isNew) apps.set(appId, await make());
        return isNew;
      },
    });
    const server = await serve(express().use(mount(routes)));
    const base = `http://127.0.0.1:${server.port}`;
    const asking = (method: string, path: string, body?: string) =>
      ask(method, path, body === undefined ? {} : { body }, base);
    const create = (appId: unknown) =>
      asking("PUT", "/recipe/multitenancy/app/v2", JSON.stringify({ appId, coreConfig: {} }));

    expect(await create("shop")).toEqual([200, json, '{"status":"OK","createdNew":true}\n']);
    expect(await create("shop")).toEqual([200, json, '{"status":"OK","createdNew":false}\n']);
    expect(await create("public")).toEqual([200, json, '{"status":"OK","createdNew":false}\n']);
    for (const appId of ["__proto__", "Ünder", "", null, "a/b"])
      expect(await create(appId)).toEqual([400, html, "Field name 'appId' is invalid in JSON input\n"]);

    await asking("PUT", `/appid-shop${metadata}`, '{"userId":"ada","metadataUpdate":{"shop":1}}');
    expect((await asking("GET", `/appid-shop${metadata}?userId=ada`))[2]).toContain('{"shop":1}');
    expect((await asking("GET", `/appid-SHOP/public${metadata}?userId=ada`))[2]).toContain('{"shop":1}');
    expect((await asking("GET", `${metadata}?userId=ada`))[2]).toContain('"metadata":{}');
    expect((await asking("GET", `/appid-shop2${metadata}?userId=ada`))[0]).toBe(400);
    expect((await asking("GET", `/appid-constructor${metadata}?userId=ada`))[0]).toBe(400);
    await server.close();
  });

  it("do not start on bad configuration", async () => {
    const meta = await make();
    for (const options of [
      {},
      { apiKeys: [] },
      { apiKeys: ["short"] },
      { apiKeys: [undefined] },
      { apiKeys: "k".repeat(20) },
      { apiKeys: false, apps: {} },
      { apiKeys: false, other: 1 },
    ])
      expect(() => superTokensRoutes(meta, options as never), JSON.stringify(options)).toThrow(
        expect.objectContaining({ code: "invalid_config" }),
      );
  });
});
