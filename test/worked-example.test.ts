import { mintToken, testVerifier } from "@usermeta/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type HostProcess, startHost } from "./vectors/host-process.ts";
import type { RawAnswer } from "./vectors/socket.ts";
import { worlds } from "./vectors/stores.ts";

// What is here runs wherever the project is cloned, with or without the test vectors.

const stored = { preferences: { theme: "dark" }, notifications: { email: true }, todos: ["use-text-notifs"] };
const changes = { notifications: { sms: true }, todos: null };
const result = { preferences: { theme: "dark" }, notifications: { sms: true } };

describe.each(worlds)("$binding over $store.name", ({ binding, store }) => {
  let host: HostProcess;
  let token: string;
  beforeAll(async () => {
    token = await mintToken({ sub: "alice" });
    host = await startHost(binding, { store: store.address(), verifier: { ...(await testVerifier()) } });
  });
  afterAll(() => host.close());

  function call(method: string, body?: unknown, bearer = token): Promise<RawAnswer> {
    const headers = [
      ["Authorization", `Bearer ${bearer}`],
      ["Content-Type", "application/json"],
    ] as const;
    const text = typeof body === "string" || body === undefined ? body : JSON.stringify(body);
    return host.send({ method, path: "/me/metadata", headers, body: text });
  }
  const read = async (): Promise<unknown> => JSON.parse((await call("GET")).body);

  it("keeps what a shallow update does not name, replaces what it names, and removes what is null", async () => {
    expect(await call("PUT", { unsafe: stored })).toMatchObject({ status: 200 });
    const before = await call("GET");
    const answer = await call("PATCH", { unsafe: changes });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ userId: "alice", public: {}, version: 2 });
    expect(JSON.parse(answer.body)).toHaveProperty("unsafe", result);
    const after = await call("GET");
    expect(after.body, "a write answers the view of a read").toBe(answer.body);
    expect(after.headers.get("etag")).toBe(answer.headers.get("etag"));
    expect(after.headers.get("etag")).not.toBe(before.headers.get("etag"));
  });

  it("writes nothing when the result is the same", async () => {
    await call("PUT", { unsafe: result });
    const before = await call("GET");
    expect(await call("PATCH", { unsafe: changes })).toMatchObject({ status: 200, body: before.body });
  });

  const refusals: [what: string, body: unknown, status: number, code: string][] = [
    ["a write to public", { public: { role: "admin" } }, 400, "scope_forbidden"],
    ["a write to public beside one to unsafe", { unsafe: { a: 1 }, public: { role: "admin" } }, 400, "scope_forbidden"],
    ["a document above 3,000 characters", { unsafe: { s: "x".repeat(3000) } }, 422, "scope_too_large"],
    ["a number that is no number of JavaScript", '{"unsafe":{"n":1e400}}', 400, "invalid_number"],
    ["a key named twice", '{"unsafe":{"a":1,"a":2}}', 400, "duplicate_key"],
    ["an unknown member", { unsafe: {}, userId: "bob" }, 400, "unknown_member"],
  ];

  it.each(refusals)("refuses %s, and changes nothing", async (_what, body, status, code) => {
    await call("PUT", { unsafe: stored });
    const before = await read();
    const answer = await call("PATCH", body);
    expect(answer.status, answer.body).toBe(status);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(JSON.parse(answer.body)).toMatchObject({ type: `urn:usermeta:error:${code}`, status, code });
    expect(await read()).toEqual(before);
  });

  it("refuses an invalid token, and changes nothing", async () => {
    await call("PUT", { unsafe: stored });
    const before = await read();
    const [header, payload] = token.split(".");
    const forged = `${header}.${payload}.${Buffer.alloc(64, 1).toString("base64url")}`;
    const answer = await call("PATCH", { unsafe: { a: 1 } }, forged);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain('error="invalid_token"');
    expect(JSON.parse(answer.body)).toMatchObject({ status: 401, code: "invalid_token" });
    expect(await read()).toEqual(before);
  });
});
