import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type UserMeta } from "@usermeta/core";
import { mount, type SessionRequest, verifySession } from "@usermeta/express";
import { memoryKeys, sessionIssuer } from "@usermeta/issuer";
import { mintToken, testVerifier } from "@usermeta/testkit";
import express from "express";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../../../test/serve.ts";

// Two services on two ports. The first trusts whatever signs users in, and exchanges its sessions for tokens of its own; the
// second knows the first by its address only.
const audience = "https://api.example";
let accounts: UserMeta;
let base: string;
let api: string;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const store = memoryStore();
  const app = express();
  const first = await serve(app);
  base = `http://127.0.0.1:${first.port}/usermeta`;
  accounts = createUserMeta({
    store,
    verifier: jwtVerifier(await testVerifier()),
    issuer: sessionIssuer({
      keys: memoryKeys(),
      issuer: base,
      audience,
      claims: { plan: "{{user.public_metadata.plan || 'free'}}", bio: "{{user.unsafe_metadata.bio}}" },
    }),
  });
  app.use("/usermeta", mount(metadataRoutes(accounts)));

  const verifier = jwtVerifier({ issuer: base, audience, jwks: `${base}/.well-known/jwks.json` });
  const meta = createUserMeta({ store, verifier });
  const second = express();
  second.get("/plan", verifySession(meta, { fresh: "token" }), (req: SessionRequest, res) => {
    res.json([req.session?.getUserId(), req.session?.claims["plan"], req.session?.claims["sid"]]);
  });
  const served = await serve(second);
  api = `http://127.0.0.1:${served.port}`;
  closing.push(
    () => first.close(),
    () => served.close(),
  );
});
afterAll(() => Promise.all(closing.map((close) => close())));

async function call(url: string, bearer: string, method = "GET"): Promise<[status: number, body: unknown]> {
  const response = await fetch(url, { method, headers: { authorization: `Bearer ${bearer}` } });
  return [response.status, await response.json()];
}
async function exchange(session: string): Promise<string> {
  const [status, body] = await call(`${base}/me/token`, session, "POST");
  expect([status, body]).toEqual([200, { token: expect.any(String), expiresAt: expect.any(String) }]);
  return (body as { token: string }).token;
}

describe("A session exchanged for a token", () => {
  it("opens another service with the metadata inside, until that changes", async () => {
    const session = await mintToken({ sub: "ada", sid: "sess_1" });
    const token = await exchange(session);
    expect(await call(`${api}/plan`, token)).toEqual([200, ["ada", "free", "sess_1"]]);
    await accounts.update("ada", { private: { note: "unseen" } });
    expect((await call(`${api}/plan`, token))[0]).toBe(200);
    await accounts.update("ada", { public: { plan: "pro" } });
    expect(await call(`${api}/plan`, token)).toMatchObject([401, { code: "token_stale" }]);
    expect(await call(`${api}/plan`, await exchange(session))).toEqual([200, ["ada", "pro", "sess_1"]]);
  });

  it("is not the session itself: neither service takes the other's", async () => {
    const session = await mintToken({ sub: "ada" });
    expect(await call(`${api}/plan`, session)).toMatchObject([401, { code: "invalid_token" }]);
    expect(await call(`${base}/me/metadata`, await exchange(session))).toMatchObject([401, { code: "invalid_token" }]);
  });

  it("ends with that session", async () => {
    const exp = Math.floor(Date.now() / 1000) + 20;
    expect(decodeJwt(await exchange(await mintToken({ sub: "ada", exp }))).exp).toBe(exp);
  });

  it("is not made while the metadata does not fit, and the answer names the claim", async () => {
    await accounts.update("eve", { unsafe: { bio: "x".repeat(2000) } });
    expect(await call(`${base}/me/token`, await mintToken({ sub: "eve" }), "POST")).toMatchObject([
      422,
      {
        code: "claims_too_large",
        detail: "the custom claims take 2024 bytes of 1200; the largest is `bio` with 2002",
      },
    ]);
  });

  it("shows in the key set nothing that signs", async () => {
    const response = await fetch(`${base}/.well-known/jwks.json`);
    expect(response.headers.get("cache-control")).toBe("public, max-age=600");
    const { keys } = (await response.json()) as { keys: object[] };
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([["alg", "crv", "kid", "kty", "use", "x", "y"]]);
  });
});
