import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type SessionIssuer } from "../../src/index.ts";
import { audience, issuer, keySet, keys, mint, publicJwk, refusal } from "../session/tokens.ts";

const seconds = (): number => Math.floor(Date.now() / 1000);
const own = "https://api.test/usermeta";

/** The smallest real issuer: one key, no template. */
const signer: SessionIssuer = {
  issue: async ({ user: { userId, ...user }, sessionId, notAfter = Infinity }) => {
    const exp = Math.min(seconds() + 60, notAfter);
    const token = await new SignJWT({ ...user, sid: sessionId })
      .setProtectedHeader({ alg: "ES256", kid: "ec" })
      .setIssuer(own)
      .setAudience(audience)
      .setSubject(userId)
      .setExpirationTime(exp)
      .sign(keys.ec.privateKey);
    return { token, expiresAt: new Date(exp * 1000).toISOString() };
  },
  keySet: async () => ({ keys: [publicJwk("ec") as never] }),
};

const verifier = jwtVerifier({ issuer, audience, jwks: keySet });
const ownVerifier = jwtVerifier({ issuer: own, audience, jwks: { keys: [publicJwk("ec") as never] } });
const create = () => createUserMeta({ store: memoryStore(), verifier, issuer: signer, cookie: { name: "session" } });
const call = (meta: ReturnType<typeof create>, method: string, url: string, headers: object = {}) =>
  metadataRoutes(meta).handle({ method, url, headers: headers as Record<string, string> });
const bearer = (claims: object = {}) => ({
  authorization: `Bearer ${mint({ claims: { iat: seconds(), exp: seconds() + 3600, ...claims } })}`,
});

describe("POST /me/token", () => {
  test("exchanges a session for a token with the metadata as it is now, and its version", async () => {
    const meta = create();
    await meta.update("user_1", { public: { plan: "pro" }, unsafe: { theme: "dark" }, private: { secret: 1 } });
    const answer = await call(meta, "POST", "/me/token", bearer({ sid: "s1" }));
    expect(answer).toMatchObject({ status: 200, headers: { "cache-control": "no-store" } });
    const { token, expiresAt } = JSON.parse(answer?.body as string) as { token: string; expiresAt: string };
    const { claims, userId } = await ownVerifier(token);
    expect(userId).toBe("user_1");
    expect(claims).toMatchObject({ public: { plan: "pro" }, unsafe: { theme: "dark" }, sid: "s1" });
    expect(claims["mv"]).toBe((await meta.get("user_1")).etag.slice(1, -1));
    expect(JSON.stringify(claims)).not.toContain("secret");
    expect(Date.parse(expiresAt)).toBe(Number(claims["exp"]) * 1000);
  });

  test("gives a token that never outlives the session it was exchanged for", async () => {
    const exp = seconds() + 7;
    const answer = await call(create(), "POST", "/me/token", bearer({ exp }));
    expect(JSON.parse(answer?.body as string)).toMatchObject({ expiresAt: new Date(exp * 1000).toISOString() });
  });

  test("carries nothing else of the presented token", async () => {
    const answer = await call(create(), "POST", "/me/token", bearer({ admin: true, scope: "all", sid: 7 }));
    const { claims } = await ownVerifier((JSON.parse(answer?.body as string) as { token: string }).token);
    expect(Object.keys(claims).toSorted()).toEqual(["aud", "exp", "iss", "mv", "public", "sub", "unsafe"]);
  });

  test("needs a session, by POST, and with a cookie from a page of the application", async () => {
    const meta = create();
    expect((await call(meta, "POST", "/me/token"))?.status).toBe(401);
    expect((await call(meta, "GET", "/me/token", bearer()))?.status).toBe(405);
    const cookie = bearer().authorization.replace("Bearer ", "session=");
    expect((await call(meta, "POST", "/me/token", { cookie }))?.status).toBe(403);
    expect((await call(meta, "POST", "/me/token", { cookie, "sec-fetch-site": "same-origin" }))?.status).toBe(200);
  });
});

test("GET /.well-known/jwks.json is public, and may be kept as long as verifiers keep it", async () => {
  const answer = await call(create(), "GET", "/.well-known/jwks.json");
  expect(answer).toMatchObject({
    status: 200,
    headers: { "content-type": "application/jwk-set+json", "cache-control": "public, max-age=600" },
  });
  expect(JSON.parse(answer?.body as string)).toEqual({ keys: [publicJwk("ec")] });
});

test("without an issuer there are no such routes, and nothing signs", async () => {
  const meta = createUserMeta({ store: memoryStore(), verifier });
  const routes = metadataRoutes(meta);
  expect(routes.handle({ method: "POST", url: "/me/token", headers: {} })).toBeUndefined();
  expect(routes.handle({ method: "GET", url: "/.well-known/jwks.json", headers: {} })).toBeUndefined();
  await refusal(() => meta.issueToken("user_1"), "not_supported");
  await refusal(() => createUserMeta({ store: memoryStore(), verifier, issuer: {} as never }), "invalid_config");
});
