import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type Ask, bearer, connections } from "./ask.ts";
import { startServer } from "./server.ts";

/** What came of a load. */
export interface LoadResult {
  readonly requests: number;
  /** Requests per kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** Answers that should not have come, and what the server's log warns of: how often each. */
  readonly errors: ReadonlyMap<string, number>;
  /** Bytes of the server's resident memory, once a second. */
  readonly memory: readonly number[];
  readonly exitCode: number | null;
}

interface Client {
  readonly ask: Ask;
  readonly token: string;
  /** This client's own user. */
  readonly user: string;
  /** How often it has asked. */
  n: number;
}

const users = 10_000;
const stranger = () => `user-${Math.floor(Math.random() * users)}`;
const path = (user: string) => `/admin/users/${user}/metadata`;

/** One kind of request: how often of a hundred, and the status that is right. */
const kinds: Readonly<
  Record<string, readonly [share: number, status: number, send: (client: Client) => ReturnType<Ask>]>
> = {
  "read one's own": [30, 200, ({ ask, token }) => ask("GET", "/me/metadata", bearer(token))],
  "read anybody": [20, 200, ({ ask }) => ask("GET", path(stranger()))],
  "write one's own": [12, 200, ({ ask, token, n }) => ask("PATCH", "/me/metadata", bearer(token), { unsafe: { n } })],
  "write anybody": [
    20,
    200,
    ({ ask, n }) => ask("PATCH", path(stranger()), {}, { public: { plan: n % 2 ? "pro" : "free" }, private: { n } }),
  ],
  "write idempotently": [
    5,
    200,
    ({ ask, user, n }) => ask("PATCH", path(user), { "idempotency-key": `${user}-${n}` }, { private: { n } }),
  ],
  search: [
    3,
    200,
    ({ ask }) => ask("GET", `/admin/users?limit=10&where=${encodeURIComponent('{"public.plan":"pro"}')}`),
  ],
  history: [3, 200, ({ ask, user }) => ask("GET", `/admin/users/${user}/history?limit=20`)],
  "wrong key": [2, 401, ({ ask }) => ask("GET", path("ada"), bearer("not-the-key"))],
  "wrong body": [3, 400, ({ ask, user }) => ask("PATCH", path(user), {}, { private: "no object" })],
  erase: [2, 204, ({ ask }) => ask("DELETE", `/admin/users/${stranger()}`)],
};

/** Wrong keys are answered with 429 after 100 of them in a minute, and that is right, too. */
const isRight = (status: number, wanted: number): boolean => status === wanted || (wanted === 401 && status === 429);

/** Puts clients on a server that keeps its data in a folder, each asking as soon as it has its answer. */
export async function load(
  folder: string,
  { clients, seconds, onSecond }: { clients: number; seconds: number; onSecond?: (memory: number) => void },
): Promise<LoadResult> {
  const issuer = await startIssuer();
  const server = await startServer(folder, ["--port", "0", "--quiet", ...issuer.args]);
  const { ask, close } = connections(server.url, clients);
  const count: Record<string, number> = {};
  const errors = new Map<string, number>();
  const fail = (what: string) => errors.set(what, (errors.get(what) ?? 0) + 1);
  const memory: number[] = [];
  const end = performance.now() + seconds * 1000;

  async function run(client: Client): Promise<void> {
    while (performance.now() < end) {
      client.n++;
      const [kind, wanted, send] = wheel[Math.floor(Math.random() * wheel.length)] as (typeof wheel)[number];
      const { status, text } = await send(client).catch((error: Error) => ({ status: 0, text: error.message }));
      if (!isRight(status, wanted)) fail(`${kind}: ${status} ${text.slice(0, 200)}`);
      count[kind] = (count[kind] ?? 0) + 1;
    }
  }

  async function watch(): Promise<void> {
    const own = connections(server.url, 1);
    while (performance.now() < end) {
      await sleep(1000);
      const { text } = await own.ask("GET", "/metrics");
      memory.push(Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1]));
      onSecond?.(memory.at(-1) as number);
    }
    own.close();
  }

  const all = Array.from({ length: clients }, async (_, i) => {
    const user = `client-${i}`;
    return run({ ask, token: await issuer.mint(user), user, n: 0 });
  });
  await Promise.all([...all, watch()]);
  close();
  const exitCode = await server.stop();
  issuer.close();
  const requests = Object.values(count).reduce((a, b) => a + b, 0);
  for (const problem of server.problems()) fail(problem);
  return { requests, kinds: count, errors, memory, exitCode };
}

/** A hundred slots, each kind in as many as its share. */
const wheel = Object.entries(kinds).flatMap(([kind, [share, ...rest]]) =>
  Array.from({ length: share }, () => [kind, ...rest] as const),
);

/** An issuer of sessions. */
async function startIssuer(): Promise<{
  readonly args: readonly string[];
  readonly mint: (user: string) => Promise<string>;
  readonly close: () => void;
}> {
  const { publicKey, privateKey } = await generateKeyPair("ES256");
  const keys = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "soak", alg: "ES256", use: "sig" }] });
  const server = createServer((_req, res) => res.setHeader("content-type", "application/json").end(keys));
  await once(server.listen(0, "127.0.0.1"), "listening");
  server.unref();
  const [issuer, audience] = ["https://issuer.test/", "https://api.test"];
  const jwksUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  return {
    args: ["--issuer", issuer, "--audience", audience, "--jwks-url", jwksUrl, "--algorithms", "ES256"],
    mint: async (user) =>
      new SignJWT()
        .setProtectedHeader({ alg: "ES256", kid: "soak" })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(user)
        .setIssuedAt()
        .setExpirationTime("2h")
        .sign(privateKey),
    close: () => void server.close(),
  };
}
