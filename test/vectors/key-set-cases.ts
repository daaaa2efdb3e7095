import type { ServerResponse } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { errorResponse, jwtVerifier, type SessionVerifier, UserMetaError } from "@usermeta/core";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { expect, vi } from "vitest";
import type { JwtCase } from "./jwt-case.ts";
import { type KeyServer, startKeyServer } from "./key-server.ts";

const identity = { issuer: "https://issuer.test/", audience: "https://api.usermeta.test" };

/** What a scenario saw. */
interface Outcome {
  readonly statuses: number[];
  /** Milliseconds that each answer took. */
  readonly times: number[];
  readonly retryAfter?: string | undefined;
  readonly rssGrowthMiB?: number;
}

/** An issuer with two keys, its key set's address, and a verifier that has never asked it. */
class Scenario {
  /** How the key set's address answers. */
  answer: (response: ServerResponse) => unknown = (response) => response.end();
  /** What the wall clock is off by. */
  offset = 0;
  readonly outcome: Outcome = { statuses: [], times: [] };
  verifier: SessionVerifier = () => expect.unreachable("not started");
  readonly #keys = new Map<string, Awaited<ReturnType<typeof generateKeyPair>>>();
  server: KeyServer | undefined;

  async start(): Promise<this> {
    for (const kid of ["rsa1", "rsa2"]) this.#keys.set(kid, await generateKeyPair("ES256"));
    const server = await startKeyServer((response) => this.answer(response));
    this.server = server;
    const clock = (): number => Date.now() + this.offset;
    this.verifier = jwtVerifier({
      ...identity,
      jwks: server.url,
      algorithms: ["ES256"],
      clock,
    });
    await this.publish("rsa1");
    return this;
  }

  stop(): void {
    this.server?.close();
  }

  async publish(...kids: readonly string[]): Promise<void> {
    const keys = await Promise.all(
      kids.map(async (kid) => ({ ...(await exportJWK(this.#pair(kid).publicKey)), kid, alg: "ES256", use: "sig" })),
    );
    this.answer = (response) => response.end(JSON.stringify({ keys }));
  }

  outage(): void {
    this.answer = (response) => response.destroy();
  }

  #pair(kid: string): Awaited<ReturnType<typeof generateKeyPair>> {
    return this.#keys.get(kid) ?? expect.unreachable(`no key ${kid}`);
  }

  /** A token of an hour ago, so that a clock that jumps back does not make it one of the future. */
  token(kid: string): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    return new SignJWT({ iss: identity.issuer, aud: identity.audience, sub: "user_1" })
      .setProtectedHeader({ alg: "ES256", kid, typ: "JWT" })
      .setIssuedAt(now - 7200)
      .setExpirationTime(now + 3600)
      .sign(this.#pair(kid).privateKey);
  }

  /** Presents a token, and notes the status it would be answered with. */
  async request(token: string): Promise<void> {
    const started = Date.now();
    let status = 200;
    try {
      await this.verifier(token);
    } catch (error) {
      if (!(error instanceof UserMetaError)) throw error;
      status = error.status;
      Object.assign(this.outcome, { retryAfter: errorResponse(error).headers["retry-after"] });
    }
    this.outcome.statuses.push(status);
    this.outcome.times.push(Date.now() - started);
  }

  async warm(): Promise<void> {
    await this.verifier(await this.token("rsa1"));
  }
}

/** Lets the monotonic clock of this process jump; nothing waits. */
const advance = (seconds: number): void => {
  vi.advanceTimersByTime(seconds * 1000);
};

/** Three times 10,000 tokens with random kids, within 10 s, and every hundredth time a good one. */
async function flood(scenario: Scenario): Promise<void> {
  const good = await scenario.token("rsa1");
  const [, payload = "", signature = ""] = good.split(".");
  const forged = (n: number): string =>
    `${Buffer.from(JSON.stringify({ alg: "ES256", kid: `kid-${n}-${Math.random()}`, typ: "JWT" })).toString("base64url")}.${payload}.${signature}`;
  const times: number[] = [];
  const growths: number[] = [];
  for (let round = 0; round < 3; round++) {
    collectGarbage();
    const before = process.memoryUsage().rss;
    for (let n = 0; n < 10_000; n++) {
      advance(0.001 / 3);
      await scenario.request(forged(n));
      if (n % 100 !== 0) continue;
      const started = Date.now();
      await scenario.verifier(good);
      times.push(Date.now() - started);
    }
    collectGarbage();
    growths.push((process.memoryUsage().rss - before) / 2 ** 20);
  }
  scenario.outcome.times.splice(0, Number.POSITIVE_INFINITY, ...times);
  // A leak grows in every round; the heap of a test process grows in some.
  Object.assign(scenario.outcome, { rssGrowthMiB: Math.min(...growths) });
}

/** Runs the collector, which Node shows to nobody unless it is asked. */
const collectGarbage = ((): (() => void) => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
})();

/** While a good set is cached, the address answers something else on refresh. */
function badAnswer(answer: Scenario["answer"]): (scenario: Scenario) => Promise<void> {
  return async (scenario) => {
    await scenario.warm();
    advance(601);
    scenario.answer = answer;
    await scenario.request(await scenario.token("rsa1"));
  };
}

const scenarios: Readonly<Record<string, (scenario: Scenario) => Promise<void>>> = {
  async "jwks-cold-herd"(scenario) {
    const { answer } = scenario;
    scenario.answer = (response) => setTimeout(answer, 200, response);
    const token = await scenario.token("rsa1");
    await Promise.all(Array.from({ length: 1000 }, () => scenario.request(token)));
  },
  async "jwks-rotation"(scenario) {
    await scenario.warm();
    await scenario.publish("rsa1", "rsa2");
    advance(31);
    await scenario.request(await scenario.token("rsa2"));
  },
  async "jwks-rotation-in-cooldown"(scenario) {
    await scenario.warm();
    advance(0.5);
    await scenario.publish("rsa1", "rsa2");
    advance(0.5);
    await scenario.request(await scenario.token("rsa2"));
    advance(30);
    await scenario.request(await scenario.token("rsa2"));
  },
  async "jwks-removed"(scenario) {
    await scenario.warm();
    await scenario.publish("rsa2");
    advance(601);
    await scenario.request(await scenario.token("rsa1"));
  },
  async "jwks-unknown-flood"(scenario) {
    await scenario.warm();
    await flood(scenario);
  },
  async "jwks-unknown-flood-down"(scenario) {
    await scenario.warm();
    scenario.outage();
    advance(60); // past the cooldown of the good fetch
    await flood(scenario);
  },
  async "jwks-outage-fresh"(scenario) {
    await scenario.warm();
    scenario.outage();
    await scenario.request(await scenario.token("rsa1"));
  },
  async "jwks-outage-stale"(scenario) {
    await scenario.warm();
    advance(601);
    scenario.outage();
    const token = await scenario.token("rsa1");
    for (let n = 0; n < 1000; n++) await scenario.request(token);
  },
  async "jwks-outage-cold"(scenario) {
    scenario.outage();
    await scenario.request(await scenario.token("rsa1"));
  },
  "jwks-bad-redirect": badAnswer((response) =>
    response.writeHead(302, { location: "http://127.0.0.1:9/jwks.json" }).end(),
  ),
  "jwks-bad-huge": badAnswer((response) => response.end(JSON.stringify({ keys: [], padding: "x".repeat(50_000_000) }))),
  "jwks-bad-slow": badAnswer((response) => {
    const timer = setInterval(() => response.write(" "), 1000);
    response.write("{");
    response.on("close", () => clearInterval(timer));
  }),
  "jwks-bad-nullkey": badAnswer((response) => response.end('{"keys":[null]}')),
  async "jwks-verify-cache-removed-key"(scenario) {
    const token = await scenario.token("rsa1");
    await scenario.request(token);
    await scenario.publish("rsa2");
    advance(601);
    await scenario.request(token);
  },
  async "jwks-clock-jump"(scenario) {
    const token = await scenario.token("rsa1");
    await scenario.request(token);
    scenario.offset = -3_600_000;
    await scenario.request(token);
  },
};

const understood = [
  "all",
  "last",
  "statuses",
  "jwksFetches",
  "jwksFetchesMax",
  "rssGrowthMaxMiB",
  "goodTrafficP99MaxMs",
  "retryAfter",
  "timeoutMaxMs",
  "note",
];

/** Drives one case of group `jwks` in process: a key server on this machine, and a monotonic clock that jumps. */
export async function runKeySetCase({ id, expect: wanted }: JwtCase): Promise<boolean> {
  const run = scenarios[id] ?? expect.unreachable(`no runner for ${id}`);
  for (const field of Object.keys(wanted)) expect(understood, `no runner for expect.${field}`).toContain(field);
  vi.useFakeTimers({ toFake: ["performance"] });
  const scenario = await new Scenario().start();
  try {
    await run(scenario);
  } finally {
    scenario.stop();
    vi.useRealTimers();
  }
  const { statuses, times, retryAfter, rssGrowthMiB } = scenario.outcome;
  const slowest = [...times].sort((a, b) => a - b).at(Math.ceil(times.length * 0.99) - 1);
  if (wanted.all !== undefined) expect([...new Set(statuses)]).toEqual([wanted.all]);
  if (wanted.last !== undefined) expect(statuses.at(-1)).toBe(wanted.last);
  if (wanted.statuses !== undefined) expect(statuses).toEqual(wanted.statuses);
  if (wanted.jwksFetches !== undefined) expect(scenario.server?.fetches()).toBe(wanted.jwksFetches);
  if (wanted.jwksFetchesMax !== undefined)
    expect(scenario.server?.fetches()).toBeLessThanOrEqual(wanted.jwksFetchesMax);
  if (wanted.rssGrowthMaxMiB !== undefined) expect(rssGrowthMiB).toBeLessThanOrEqual(wanted.rssGrowthMaxMiB);
  if (wanted.goodTrafficP99MaxMs !== undefined) expect(slowest).toBeLessThanOrEqual(wanted.goodTrafficP99MaxMs);
  if (wanted.timeoutMaxMs !== undefined) expect(slowest).toBeLessThanOrEqual(wanted.timeoutMaxMs);
  if (wanted.retryAfter) expect(Number(retryAfter)).toBeGreaterThan(0);
  return true;
}
