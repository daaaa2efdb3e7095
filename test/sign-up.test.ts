import { randomUUID } from "node:crypto";
import { adminKey, adminRoutes, createUserMeta, jwtVerifier, metadataRoutes, type UserMeta } from "@usermeta/core";
import { createApp } from "@usermeta/example-express";
import { memoryKeys, sessionIssuer } from "@usermeta/issuer";
import { sqliteStore } from "@usermeta/sqlite";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "./serve.ts";

const key = "an-admin-key-of-at-least-32-characters";
const [own, audience] = ["https://app.test", "https://api.test"];

let meta: UserMeta; // where people sign up: sessions of whatever signs them in
let api: UserMeta; // another service on the same data: sessions are our own tokens
const servers: { readonly port: number; close(): unknown }[] = [];

beforeAll(async () => {
  const store = sqliteStore(":memory:");
  const issuer = sessionIssuer({
    keys: memoryKeys(),
    issuer: own,
    audience,
    claims: { plan: "{{user.public_metadata.plan}}", birthday: "{{user.unsafe_metadata.birthday}}" },
  });
  meta = createUserMeta({ store, issuer, verifier: jwtVerifier(await testVerifier()) });
  const jwks = () => issuer.keySet();
  api = createUserMeta({ store, verifier: jwtVerifier({ issuer: own, audience, jwks, algorithms: ["ES256"] }) });
  const admin = adminRoutes(meta, { authorize: adminKey({ backend: key }) });
  servers.push(await serve(createApp({ meta, routes: [metadataRoutes(meta), admin] })));
  const guarded = createApp({ meta: api, routes: [] });
  guarded.get("/session", async (req, res) => {
    const { claims, metadata } = await api.verifySession(req, { metadata: true });
    res.json({ claims, metadata });
  });
  servers.push(await serve(guarded));
});

afterAll(async () => {
  await Promise.all(servers.map((server) => server.close()));
  await meta.close();
});

type Init = Omit<RequestInit, "headers"> & { readonly headers?: Readonly<Record<string, string>> };

/** Status and parsed body of a call, with the token if there is one. */
async function call(server: 0 | 1, path: string, token: string, init: Init = {}): Promise<[number, unknown]> {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json", ...init.headers };
  const answer = await fetch(`http://127.0.0.1:${servers[server]?.port}${path}`, { ...init, headers });
  const text = await answer.text();
  return [answer.status, text === "" ? undefined : JSON.parse(text)];
}

test("sign-up: unsafe given once, public set by the server, both in the next token and behind the guard at once", async () => {
  const userId = `user_${randomUUID()}`;
  const signedIn = await mintToken({ sub: userId, sid: "sess_1" });
  const signUp = (birthday: string) =>
    call(0, "/usermeta/me/metadata", signedIn, {
      method: "PUT",
      headers: { "if-none-match": "*" },
      body: JSON.stringify({ unsafe: { birthday } }),
    });

  const [before, first] = await call(0, "/usermeta/me/token", signedIn, { method: "POST" });
  expect(before).toBe(200);
  const early = (first as { token: string }).token;

  expect(await signUp("11-30-1969")).toMatchObject([200, { unsafe: { birthday: "11-30-1969" } }]);
  expect(await signUp("01-01-2000")).toMatchObject([412, { code: "version_conflict" }]);

  const path = `/usermeta/admin/users/${userId}/metadata`;
  const byServer = { method: "PATCH", body: JSON.stringify({ public: { plan: "pro" } }) };
  expect((await call(0, path, key, byServer))[0]).toBe(200);

  // The token from before knows nothing of it; the guard does.
  expect(await call(1, "/session", early)).toMatchObject([
    200,
    {
      claims: { plan: null, birthday: null, mv: "0" },
      metadata: { public: { plan: "pro" }, unsafe: { birthday: "11-30-1969" }, version: 2 },
    },
  ]);

  const [after, second] = await call(0, "/usermeta/me/token", signedIn, { method: "POST" });
  expect(after).toBe(200);
  expect(await call(1, "/session", (second as { token: string }).token)).toMatchObject([
    200,
    {
      claims: { sub: userId, sid: "sess_1", plan: "pro", birthday: "11-30-1969", mv: expect.stringMatching(/\.2$/) },
      metadata: { public: { plan: "pro" }, unsafe: { birthday: "11-30-1969" } },
    },
  ]);
});

test("a route that must not act on yesterday's claims sends the client for a new token, once", async () => {
  const userId = `user_${randomUUID()}`;
  const signedIn = await mintToken({ sub: userId });
  const next = async () => ((await meta.issueToken(userId)) as { token: string }).token;
  const fresh = (token: string) => api.guard({ headers: { authorization: `Bearer ${token}` } }, { fresh: "token" });
  const token = await next();
  expect((await fresh(token)).session?.userId).toBe(userId);
  await call(0, "/usermeta/me/metadata", signedIn, { method: "PATCH", body: '{"unsafe":{"theme":"dark"}}' });
  expect((await fresh(token)).response).toMatchObject({ status: 401 });
  expect((await fresh(await next())).session?.userId).toBe(userId);
});
