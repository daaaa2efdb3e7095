import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { jwtVerifier, type SessionIssuer, type SessionVerifier } from "@usermeta/core";
import { memoryKeys, type RotationOptions, type SigningKeys, sessionIssuer } from "@usermeta/issuer";
import { decodeJwt, decodeProtectedHeader, SignJWT } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { audience, issuer, refusal, userOf } from "./samples.ts";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** Where verifiers fetch the key set from, over a socket. */
async function publish(from: SessionIssuer): Promise<string> {
  const server = createServer((_, response) => {
    from.keySet().then(
      (set) => response.setHeader("content-type", "application/jwk-set+json").end(JSON.stringify(set)),
      () => response.writeHead(503).end(),
    );
  }).listen(0, "127.0.0.1");
  closing.push(() => server.close().closeAllConnections());
  await once(server, "listening");
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
}

const kidOf = (token: string): string => decodeProtectedHeader(token).kid ?? "";
const kidsOf = async (from: SessionIssuer): Promise<unknown[]> => (await from.keySet()).keys.map(({ kid }) => kid);

/** An issuer whose time stands still until it is set; seconds since the start. */
function at(options: RotationOptions, lifetime = 60) {
  let now = 1_800_000_000;
  const start = now;
  const from = sessionIssuer({ keys: memoryKeys(options), issuer, audience, lifetime, clock: () => now * 1000 });
  return {
    from,
    /** The kids that are published at that time, and the one that signs. */
    look: async (seconds: number) => {
      now = start + seconds;
      const { token } = await from.issue({ user: userOf() });
      return { signs: kidOf(token), published: await kidsOf(from) };
    },
  };
}

describe("Rotation", () => {
  it("publishes the next key before it signs, and the last one until its tokens have ended", async () => {
    const { look } = at({ rotateEvery: 10_000, publishAhead: 1000, clockTolerance: 30 });
    const first = await look(0);
    expect(first.published).toEqual([first.signs]);
    expect(await look(8939)).toEqual(first);

    const ahead = await look(9000);
    expect(ahead).toEqual({ signs: first.signs, published: [first.signs, expect.any(String)] });
    const next = ahead.published[1];
    expect(await look(9999)).toEqual(ahead);

    expect(await look(10_000)).toEqual({ signs: next, published: [first.signs, next] });
    expect(await look(10_000 + 60 + 29)).toEqual({ signs: next, published: [first.signs, next] });
    expect(await look(10_000 + 60 + 30)).toEqual({ signs: next, published: [next] });
    expect((await look(19_000)).published).toEqual([next, expect.any(String)]);
  });

  it("is every 30 days, an hour ahead, unless told otherwise", async () => {
    const { look } = at({});
    const day = 86_400;
    const { signs } = await look(0);
    expect((await look(30 * day - 3660)).published).toEqual([signs]);
    expect((await look(30 * day - 3600)).published).toHaveLength(2);
    expect((await look(30 * day - 1)).signs).toBe(signs);
    expect((await look(30 * day)).signs).not.toBe(signs);
  });

  it("lets a new key wait its time after nobody was there when it was due", async () => {
    const { look } = at({ rotateEvery: 10_000, publishAhead: 1000 });
    const { signs } = await look(0);
    const late = await look(500_000);
    expect(late).toEqual({ signs, published: [signs, expect.any(String)] });
    expect((await look(500_999)).signs).toBe(signs);
    expect((await look(501_000)).signs).toBe(late.published[1]);
  });

  it("goes on signing when the clock is put back, also behind the first key", async () => {
    const { look } = at({ rotateEvery: 10_000, publishAhead: 1000 });
    const { signs } = await look(0);
    expect(await look(-50_000)).toEqual({ signs, published: [signs] });
    await look(9000);
    const { signs: second } = await look(10_000);
    expect(second).not.toBe(signs);
    expect(await look(5000)).toEqual({ signs, published: [signs, second] });
  });

  it("makes one key when many requests find it due", async () => {
    const { from, look } = at({ rotateEvery: 10_000, publishAhead: 1000, algorithm: "RS256" });
    const many = <T>(ask: () => Promise<T>): Promise<T[]> => Promise.all(Array.from({ length: 20 }, ask));
    const tokens = await many(() => from.issue({ user: userOf() }));
    expect([...new Set(tokens.map(({ token }) => kidOf(token)))]).toEqual(await kidsOf(from));
    const [ahead, ...others] = await many(() => look(9500));
    expect(ahead?.published).toHaveLength(2);
    for (const other of others) expect(other).toEqual(ahead);
    expect(await kidsOf(from)).toEqual(ahead?.published);
  });

  it("never lets a token outlive its key, whatever lifetimes share the keys", async () => {
    let now = 1_800_000_000;
    const clock = (): number => now * 1000;
    const keys: SigningKeys = memoryKeys({ rotateEvery: 1000, publishAhead: 10, clockTolerance: 0 });
    const [short, long] = [60, 5000].map((lifetime) => sessionIssuer({ keys, issuer, audience, lifetime, clock })) as [
      SessionIssuer,
      SessionIssuer,
    ];
    await short.keySet();
    now += 995;
    await short.keySet(); // makes the next key: the first one's tokens end 60 seconds after its turn
    const { token } = await long.issue({ user: userOf() });
    expect(decodeJwt(token).exp).toBe(1_800_000_000 + 1005 + 60);
  });

  it.for<[options: Record<string, unknown>, message: string]>([
    [{ algorithm: "HS256" }, "`algorithm` must be one of RS256, ES256, EdDSA"],
    [{ publishAhead: 0 }, "`publishAhead` must be a whole number of seconds"],
    [{ rotateEvery: 3600 }, "`rotateEvery` must be a whole number of seconds above `publishAhead`"],
    [{ rotateEvery: Number.POSITIVE_INFINITY }, "`rotateEvery` must be a whole number"],
    [{ clockTolerance: -1 }, "`clockTolerance` must be 0 to 600 seconds"],
    [{ rotateEach: 1 }, 'memoryKeys has no option "rotateEach"'],
  ])("is refused at start with %j", async ([options, message]) => {
    expect(await refusal(() => memoryKeys(options))).toContain(`invalid_config: ${message}`);
  });
});

// Real time from here on: real seconds, sockets, and jwtVerifier with the caches and cooldowns it has in production. It asks
// for keys again 30 seconds after it last did, which is why the next key is out for 31.
describe("Over a rotation in real time", () => {
  it("one verifier accepts every live token, and none of a key that is gone", { timeout: 240_000 }, async () => {
    const [lifetime, clockTolerance] = [5, 5];
    const keys = memoryKeys({ rotateEvery: 33, publishAhead: 31, clockTolerance });
    const from = sessionIssuer({ keys, issuer, audience, lifetime });
    const jwks = await publish(from);
    const newcomer = (): SessionVerifier => jwtVerifier({ issuer, audience, jwks, clockTolerance });
    const verify = newcomer();

    const tokens: string[] = [];
    const seen = new Map<string, number>(); // kid → how many tokens of it were accepted
    let most = 0; // keys in the set at once
    let accepted = 0;
    const { signer: first } = await keys(Math.floor(Date.now() / 1000), lifetime);
    const stolen = await new SignJWT({
      iss: issuer,
      aud: audience,
      sub: "eve",
      exp: Math.floor(Date.now() / 1000) + 3600,
    })
      .setProtectedHeader({ typ: "JWT", alg: first.alg, kid: first.kid })
      .sign(first.privateKey);
    expect((await verify(stolen)).userId).toBe("eve"); // while the key lives

    const retired = async (): Promise<boolean> => !(await kidsOf(from)).includes(first.kid);
    for (const end = Date.now() + 120_000; Date.now() < end && !(await retired()); await sleep(500)) {
      tokens.push((await from.issue({ user: userOf() })).token);
      const live = tokens.filter((token) => Number(decodeJwt(token).exp) > Date.now() / 1000);
      const both = live.flatMap((token) => [verify, newcomer()].map(async (verifier) => verifier(token)));
      const sessions = await Promise.all(both);
      expect(new Set(sessions.map(({ userId }) => userId))).toEqual(new Set(["ada"]));
      for (const token of live) seen.set(kidOf(token), (seen.get(kidOf(token)) ?? 0) + 1);
      accepted += live.length;
      const alive = new Set(live.map(kidOf));
      most = Math.max(most, alive.size);
    }

    expect([...seen.keys()][0]).toBe(first.kid);
    expect(seen.size).toBe(2);
    expect(most).toBe(2); // live tokens of two keys at once
    expect(accepted).toBeGreaterThan(tokens.length * 2);
    expect(await refusal(() => newcomer()(stolen))).toMatch(/^invalid_token/);
    expect((await verify((await from.issue({ user: userOf() })).token)).userId).toBe("ada");
  });
});
