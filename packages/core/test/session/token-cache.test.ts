import { describe, expect, test, vi } from "vitest";
import { createSession, createUserMeta, jwtVerifier, memoryStore } from "../../src/index.ts";
import { tokenCache, type Verified } from "../../src/session/token-cache.ts";
import { audience, issuer, keySet, keys, mint, now, refusal } from "./tokens.ts";

const options = { issuer, audience, jwks: keySet };
const clock = (): number => now * 1000;

/** How many signatures are verified while something runs. */
async function countVerifications(run: () => Promise<void>): Promise<number> {
  const verify = vi.spyOn(crypto.subtle, "verify");
  try {
    await run();
    return verify.mock.calls.length;
  } finally {
    verify.mockRestore();
  }
}

describe("a verified token", () => {
  test("costs one signature, however often it comes, and no promise from then on", async () => {
    const verifier = jwtVerifier({ ...options, clock });
    const token = mint();
    const signatures = await countVerifications(async () => {
      for (let i = 0; i < 10; i++) await verifier(token);
    });
    expect(signatures).toBe(1);
    expect(verifier(token)).toHaveProperty("userId", "user_1");
  });

  test("costs one each time where nothing is remembered", async () => {
    const verifier = jwtVerifier({ ...options, clock, cache: false });
    const token = mint();
    const signatures = await countVerifications(async () => {
      for (let i = 0; i < 10; i++) await verifier(token);
    });
    expect(signatures).toBe(10);
  });

  test("ends at its exp, and is known as expired without another signature", async () => {
    let time = now;
    const verifier = jwtVerifier({ ...options, clock: () => time * 1000, clockTolerance: 0 });
    const token = mint({ claims: { exp: now + 60 } });
    await verifier(token);
    time = now + 60;
    const signatures = await countVerifications(async () => {
      await refusal(() => verifier(token), "token_expired");
    });
    expect(signatures).toBe(0);
  });

  test("is another one when a single character differs", async () => {
    const verifier = jwtVerifier({ ...options, clock });
    const token = mint();
    await verifier(token);
    const last = token.at(-1) === "A" ? "Q" : "A";
    await refusal(() => verifier(token.slice(0, -1) + last), "invalid_token");
    await refusal(() => verifier(`${token}=`), "invalid_token");
  });

  test("does not lend its place to one that failed", async () => {
    const verifier = jwtVerifier({ ...options, clock });
    const forged = mint({ key: keys.evil.privateKey });
    for (let i = 0; i < 3; i++) await refusal(() => verifier(forged), "invalid_token");
  });

  test("gives sessions that no handler can change for the next request", async () => {
    const verifier = jwtVerifier({ ...options, clock });
    const session = await verifier(mint({ claims: { org: { roles: ["member"] } } }));
    expect(() => {
      (session.claims["org"] as { roles: string[] }).roles.push("owner");
    }).toThrow(TypeError);
    expect(() => {
      (session as { userId: string }).userId = "somebody_else";
    }).toThrow(TypeError);
  });
});

describe("the cache", () => {
  const key = { kid: "k", alg: "RS256", numbers: "", named: true, load: () => Promise.reject(new Error("unused")) };
  const verified = (token: string): Verified => ({
    session: createSession({ token, userId: "user_1", claims: {}, expiresAt: 0 }),
    key,
    end: 0,
  });

  test("never holds more than it may, and keeps what is used", () => {
    const cache = tokenCache({ tokens: 10 });
    cache.keep(verified("used"), 0);
    for (let i = 0; i < 1000; i++) {
      cache.keep(verified(`once ${i}`), 0);
      expect(cache.find("used", 0)).toBeDefined();
    }
    const kept = Array.from({ length: 1000 }, (_, i) => cache.find(`once ${i}`, 0)).filter(Boolean);
    expect(kept.length).toBeLessThan(10);
  });

  test("tells tokens apart that end alike", () => {
    const cache = tokenCache({});
    const [one, other] = ["a", "b"].map((start) => start + "=".repeat(43)) as [string, string];
    cache.keep(verified(one), 0);
    expect(cache.find(other, 0)).toBeUndefined();
    cache.keep(verified(other), 0);
    expect(cache.find(other, 0)?.session.token).toBe(other);
    expect(cache.find(one, 0)).toBeUndefined();
  });

  test("verifies again after its seconds", () => {
    const cache = tokenCache({ seconds: 60 });
    cache.keep(verified("token"), now);
    expect(cache.find("token", now + 59.9)).toBeDefined();
    expect(cache.find("token", now + 60)).toBeUndefined();
  });

  test.each([{ tokens: 1 }, { tokens: 2.5 }, { seconds: 0 }, { seconds: Number.NaN }, { size: 1 }])(
    "refuses %o at start",
    async (cache) => {
      await refusal(() => jwtVerifier({ ...options, cache: cache as object }), "invalid_config");
    },
  );
});

describe("forgetting", () => {
  test.each([
    ["a user", { userId: "user_1" }, {}],
    ["a session named by sid", { sessionId: "s1" }, { sid: "s1" }],
    ["a session named as Hanko does", { sessionId: "s1" }, { session_id: "s1" }],
    ["a session named as SuperTokens does", { sessionId: "s1" }, { sessionHandle: "s1" }],
  ])("%s makes the next request verify anew", async (_, whose, claims) => {
    const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier({ ...options, clock }) });
    const request = { headers: { authorization: `Bearer ${mint({ claims })}` } };
    const other = { headers: { authorization: `Bearer ${mint({ claims: { sub: "user_2", sid: "s2" } })}` } };
    await Promise.all([meta.verifySession(request), meta.verifySession(other)]);
    meta.forget(whose);
    const signatures = await countVerifications(async () => {
      await Promise.all([meta.verifySession(request), meta.verifySession(other)]);
    });
    expect(signatures).toBe(1);
  });
});

describe("a revoked session", () => {
  const request = () => ({ headers: { authorization: `Bearer ${mint({ claims: { sid: "s1" } })}` } });

  test("is refused, whatever its token says", async () => {
    const meta = createUserMeta({
      store: memoryStore(),
      verifier: jwtVerifier({ ...options, clock }),
      revoked: async ({ claims }) => claims["sid"] === "s1",
    });
    await refusal(() => meta.verifySession(request()), "invalid_token");
    expect((await meta.guard(request())).response?.status).toBe(401);
    await refusal(() => meta.sessionOf(request()), "no_guard");
  });

  test("is asked about once within cache.seconds, and at once after forget", async () => {
    let banned = false;
    const revoked = vi.fn(() => banned);
    const verifier = jwtVerifier({ ...options, clock });
    const meta = createUserMeta({ store: memoryStore(), verifier, revoked, cache: { seconds: 60 } });
    const same = request();
    for (let i = 0; i < 5; i++) await meta.verifySession(same);
    expect(revoked).toHaveBeenCalledTimes(1);
    banned = true;
    await meta.verifySession(same); // within the bound
    meta.forget({ userId: "user_1" });
    await refusal(() => meta.verifySession(same), "invalid_token");
  });

  test("is asked about each time without a cache", async () => {
    const revoked = vi.fn(() => false);
    const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier({ ...options, clock }), revoked });
    const same = request();
    for (let i = 0; i < 3; i++) await meta.verifySession(same);
    expect(revoked).toHaveBeenCalledTimes(3);
  });

  test("is not let through by a hook that fails or says nothing", async () => {
    const verifier = jwtVerifier({ ...options, clock });
    const failing = createUserMeta({
      store: memoryStore(),
      verifier,
      revoked: () => Promise.reject(new Error("down")),
    });
    await expect(failing.verifySession(request())).rejects.toThrow("down");
    const silent = createUserMeta({ store: memoryStore(), verifier, revoked: (() => undefined) as never });
    await refusal(() => silent.verifySession(request()), "invalid_token");
  });
});
