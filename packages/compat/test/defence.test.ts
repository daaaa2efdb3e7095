// What somebody might try who holds no key, or the key of one thing only.
import { clerkRoutes, hankoRoutes, superTokensRoutes } from "@usermeta/compat";
import { createUserMeta, type HttpRequest, jwtVerifier, memoryStore, type Routes } from "@usermeta/core";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { exchange, keys, startWorld, type World } from "./world.ts";

const id = "48986f51-d9c8-4f22-89e9-fb7fab959399";
const make = async (limits = {}) =>
  createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()), ...limits });

interface Wire {
  readonly name: string;
  readonly routes: (meta: Awaited<ReturnType<typeof make>>) => Routes;
  readonly url: string;
  readonly method: string;
  readonly headers: (key: string) => Record<string, string>;
  readonly key: string;
  readonly body: (metadata: string) => string;
}
const bearer = (key: string) => ({ authorization: `Bearer ${key}`, "content-type": "application/json" });
const wires: readonly Wire[] = [
  {
    name: "SuperTokens",
    routes: (meta) => superTokensRoutes(meta, { apiKeys: [keys.superTokens] }),
    url: "/recipe/user/metadata",
    method: "PUT",
    headers: (key) => ({ "api-key": key }),
    key: keys.superTokens,
    body: (metadata) => `{"userId":"${id}","metadataUpdate":${metadata}}`,
  },
  {
    name: "Clerk",
    routes: (meta) => clerkRoutes(meta, { secretKey: keys.clerk }),
    url: `/v1/users/${id}/metadata`,
    method: "PATCH",
    headers: bearer,
    key: keys.clerk,
    body: (metadata) => `{"private_metadata":${metadata}}`,
  },
  {
    name: "Hanko",
    routes: (meta) => hankoRoutes(meta, { apiKey: keys.hanko }),
    url: `/users/${id}/metadata`,
    method: "PATCH",
    headers: bearer,
    key: keys.hanko,
    body: (metadata) => `{"private_metadata":${metadata}}`,
  },
];

describe.each(wires)("$name", ({ routes, url, method, headers, key, body }) => {
  const request = (given: string, metadata = '{"a":1}'): HttpRequest => ({
    method,
    url,
    headers: headers(given),
    body: body(metadata),
  });

  it("slows down who guesses keys, and lets the right one pass all the while", async () => {
    const meta = await make();
    const table = routes(meta);
    const guess = async (i: number) =>
      (await table.handle(request(`${key.slice(0, -3)}${String(i).padStart(3, "0")}`)))?.status;
    for (let i = 0; i < 100; i++) expect(await guess(i)).toBe(401);
    const slowed = await table.handle(request("another-wrong-key-here"));
    expect(slowed).toMatchObject({ status: 429, headers: { "retry-after": expect.stringMatching(/^\d+$/) } });
    expect((await table.handle(request(key)))?.status).toBe(200);
    expect((await meta.get(id)).version).toBe(1);
  });

  it("has no key in common with the other wires", async () => {
    const table = routes(await make());
    for (const other of Object.values(keys).filter((one) => one !== key))
      expect((await table.handle(request(other)))?.status).toBe(401);
  });

  it.each([
    '{"__proto__":{"polluted":1}}',
    '{"a":{"constructor":{"prototype":{"polluted":1}}}}',
    '{"a":[{"__proto__":null}]}',
  ])("pollutes nothing with %s", async (metadata) => {
    const meta = await make();
    const answer = await routes(meta).handle(request(key, metadata));
    expect([400, 422]).toContain(answer?.status);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect((await meta.get(id)).version).toBe(0);
  });

  it("refuses a million brackets without falling over", async () => {
    const answer = await routes(await make()).handle(request(key, `{"a":${"[".repeat(60_000)}${"]".repeat(60_000)}}`));
    expect([400, 422]).toContain(answer?.status);
  });

  it("says when the store is gone", async () => {
    const meta = await make();
    const table = routes(meta);
    await meta.close();
    const answer = await table.handle(request(key));
    expect(answer).toMatchObject({ status: 503, headers: { "retry-after": "1" } });
    expect(answer?.body).toContain("the store is closed");
  });

  it("keeps within what the store can carry, whatever the vendor allows", async () => {
    const small = memoryStore();
    const verifier = jwtVerifier(await testVerifier());
    const limits = { characters: { public: 10, private: 10, unsafe: 10 } };
    const meta = createUserMeta({ store: { ...small, maxRecordBytes: 400 }, verifier, limits });
    const answer = await routes(meta).handle(request(key, `{"a":"${"x".repeat(401)}"}`));
    expect([400, 422]).toContain(answer?.status);
    expect((await meta.get(id)).version).toBe(0);
    expect((await routes(meta).handle(request(key, `{"a":"${"x".repeat(300)}"}`)))?.status).toBe(200);
  });
});

describe("On a real server", () => {
  let world: World;
  beforeEach(async () => {
    world = await startWorld("memory");
  });
  afterEach(() => world.close());

  it("answers a body that is too large, and the next request of the connection", async () => {
    const head = (length: number) =>
      `PUT /recipe/user/metadata HTTP/1.1\r\nHost: x\r\napi-key: ${keys.superTokens}\r\nContent-Length: ${length}\r\n\r\n`;
    const { head: refused } = await exchange(world.port, head(3_000_000) + "x".repeat(3_000_000));
    expect(refused).toMatch(/^HTTP\/1\.1 413 /);
    const chunked = head(0).replace("Content-Length: 0", "Transfer-Encoding: chunked");
    const chunk = `${(2_200_000).toString(16)}\r\n${"x".repeat(2_200_000)}\r\n0\r\n\r\n`;
    expect((await exchange(world.port, chunked + chunk)).head).toMatch(/^HTTP\/1\.1 413 /);
  });

  it.each([
    "//recipe/user/metadata?userId=x",
    "/./recipe/user/metadata?userId=x",
    "/%72ecipe/user/metadata?userId=x",
    "/recipe%2Fuser/metadata?userId=x",
    "/appid-shop%2F..%2Frecipe/user/metadata?userId=x",
    "/appid-a/appid-b/recipe/user/metadata?userId=x",
    "/appid-public/appid-public/recipe/user/metadata?userId=x",
    "/hanko/recipe/user/metadata?userId=x",
    "/V1/users/x",
    "/v1/users/x/metadata/",
    "/v1//users/x",
  ])("finds nothing at %s", async (target) => {
    await world.meta.update("x", { private: { secret: true } });
    const bytes = `GET ${target} HTTP/1.1\r\nHost: x\r\napi-key: ${keys.superTokens}\r\nauthorization: Bearer ${keys.clerk}\r\n\r\n`;
    const { head, body } = await exchange(world.port, bytes);
    expect(head).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(body).not.toContain("secret");
  });

  it("takes no write on a cookie from another site", async () => {
    const cookie = `hanko=${await mintToken({ sub: id })}`;
    const statusOf = async (headers: Record<string, string>) =>
      (await fetch(`${world.url}/hanko/profile`, { method: "POST", headers: { cookie, ...headers } })).status;
    expect(await statusOf({ origin: "https://evil.example" })).toBe(403);
    expect(await statusOf({ "sec-fetch-site": "cross-site" })).toBe(403);
    expect(await statusOf({ origin: "https://app.example" })).toBe(200);
  });

  it("never lets a session of a user into the admin APIs, nor a key into the users' own", async () => {
    const session = `Bearer ${await mintToken({ sub: id })}`;
    for (const path of [
      `/v1/users/${id}`,
      `/hanko/users/${id}`,
      `/hanko/users/${id}/metadata`,
      `/recipe/user/metadata?userId=${id}`,
    ])
      expect((await fetch(world.url + path, { headers: { authorization: session } })).status).toBe(401);
    for (const key of Object.values(keys))
      expect((await fetch(`${world.url}/hanko/me`, { headers: { authorization: `Bearer ${key}` } })).status).toBe(401);
  });
});
