import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UserMetaError } from "../../src/errors.ts";
import { oidc } from "../../src/issuers/index.ts";
import { jwtVerifier } from "../../src/session/jwt.ts";
import type { SessionVerifier } from "../../src/session/session.ts";
import { audience, keys, mint, now, publicJwk, refusal } from "../session/tokens.ts";

type Answer = (response: ServerResponse) => unknown;
const json =
  (value: unknown): Answer =>
  (response) =>
    response.end(JSON.stringify(value));
const down: Answer = (response) => response.destroy();
const metadataPath = "/.well-known/openid-configuration";

// The issuer: what it answers at each path at the moment, and how often each was asked.
let answers: Record<string, Answer>;
let asked: Record<string, number>;
let origin: string;
let close: () => void;
let verify: SessionVerifier;
let elapsed: number;
const advance = (seconds: number): void => {
  elapsed += seconds * 1000;
};
const verifierOf = (issuer: string): SessionVerifier =>
  jwtVerifier({ ...oidc({ issuer, audience }), clock: () => now * 1000 });
const unknown = (kid: string): string =>
  mint({ header: { alg: "EdDSA", kid }, claims: { iss: origin }, key: keys.ed.privateKey });
const token = (iss = origin): string => mint({ claims: { iss } });

beforeEach(async () => {
  const monotonic = performance.now.bind(performance);
  elapsed = 0;
  vi.spyOn(performance, "now").mockImplementation(() => monotonic() + elapsed);
  asked = {};
  const server = createServer(({ url = "" }, response) => {
    asked[url] = (asked[url] ?? 0) + 1;
    (answers[url] ?? ((missing) => missing.writeHead(404).end()))(response);
  });
  server.keepAliveTimeout = 600_000; // a busy machine must not find the connection closed meanwhile
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => {
    server.close();
    server.closeAllConnections();
  };
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  answers = {
    [metadataPath]: json({ issuer: origin, jwks_uri: `${origin}/keys` }),
    "/keys": json({ keys: [publicJwk("rsa")] }),
  };
  verify = verifierOf(origin);
});

afterEach(() => {
  close();
  vi.restoreAllMocks();
});

/** What a guard would answer, in one word. */
async function ask(bearer: string): Promise<string> {
  try {
    return (await verify(bearer)).userId;
  } catch (error) {
    if (error instanceof UserMetaError) return error.code;
    throw error;
  }
}

describe("an issuer's metadata", () => {
  test("is not asked for before a token needs it, and once for a thousand at once", async () => {
    expect(await ask(mint())).toBe("invalid_token");
    expect(asked).toEqual({});
    const said = await Promise.all(Array.from({ length: 1000 }, () => ask(token())));
    expect(new Set(said)).toEqual(new Set(["user_1"]));
    expect(asked).toEqual({ [metadataPath]: 1, "/keys": 1 });
  });

  test("is found below an issuer with a path, with and without a slash at its end", async () => {
    answers[`/realms/demo${metadataPath}`] = json({ issuer: `${origin}/realms/demo/`, jwks_uri: `${origin}/keys` });
    verify = verifierOf(`${origin}/realms/demo/`);
    expect(await ask(token(`${origin}/realms/demo/`))).toBe("user_1");
    expect(await ask(token(`${origin}/realms/demo`))).toBe("invalid_token");
    verify = verifierOf(`${origin}/realms/demo`);
    expect(await ask(token(`${origin}/realms/demo`))).toBe("keys_unavailable"); // its metadata names the slash
  });

  test("may move the key set, which is followed when the set is next fetched", async () => {
    expect(await ask(token())).toBe("user_1");
    answers[metadataPath] = json({ issuer: origin, jwks_uri: `${origin}/moved` });
    answers["/moved"] = json({ keys: [publicJwk("evil")] });
    advance(601);
    expect(await ask(mint({ header: { kid: "evil" }, claims: { iss: origin }, key: keys.evil.privateKey }))).toBe(
      "user_1",
    );
    expect(asked).toEqual({ [metadataPath]: 2, "/keys": 1, "/moved": 1 });
  });

  test("keeps its keys in use while it is down, with at most three requests in ten minutes", async () => {
    await ask(token());
    answers[metadataPath] = down;
    advance(601);
    const attempts: number[] = [];
    for (let at = 0; at < 3600; at += 5) {
      const before = asked[metadataPath] as number;
      expect(await ask(token())).toBe("user_1");
      if ((asked[metadataPath] as number) > before) attempts.push(at);
      advance(5);
    }
    expect(attempts.length).toBeGreaterThanOrEqual(10);
    for (const start of attempts)
      expect(attempts.filter((at) => at >= start && at < start + 600).length).toBeLessThanOrEqual(3);
    expect(asked["/keys"]).toBe(1);
  });

  test("is asked at most twice for ten thousand unknown kids", async () => {
    await ask(token());
    for (let i = 0; i < 10_000; i++) await refusal(() => verify(unknown(`k${i}`)), "invalid_token");
    expect(asked).toEqual({ [metadataPath]: 1, "/keys": 1 });
    advance(31);
    await ask(unknown("k"));
    expect(asked).toEqual({ [metadataPath]: 2, "/keys": 2 });
  });
});

const strange: Record<string, () => Answer> = {
  "another issuer": () => json({ issuer: "https://evil.test", jwks_uri: `${origin}/keys` }),
  "the issuer with a slash": () => json({ issuer: `${origin}/`, jwks_uri: `${origin}/keys` }),
  "no issuer": () => json({ jwks_uri: `${origin}/keys` }),
  "an issuer in a list": () => json({ issuer: [origin], jwks_uri: `${origin}/keys` }),
  "no key set": () => json({ issuer: origin }),
  "a key set in a list": () => json({ issuer: origin, jwks_uri: [`${origin}/keys`] }),
  "a key set on plain http": () => json({ issuer: origin, jwks_uri: "http://issuer.test/keys" }),
  "a key set in a file": () => json({ issuer: origin, jwks_uri: "file:///etc/passwd" }),
  "a key set behind credentials": () => json({ issuer: origin, jwks_uri: origin.replace("//", "//a:b@") }),
  nothing: () => json(null),
  "no JSON": () => (response) => response.end("<html>"),
  "a redirect": () => (response) => response.writeHead(302, { location: "/elsewhere" }).end(),
  "50 megabytes": () => (response) => response.end(Buffer.alloc(50 * 2 ** 20, " ")),
  "an error": () => (response) => response.writeHead(500).end(),
};

describe.each(Object.entries(strange))("metadata with %s", (_, answer) => {
  test("lets nobody in at a cold start, and is no reason to log anybody out", async () => {
    answers[metadataPath] = answer();
    answers["/elsewhere"] = json({ issuer: origin, jwks_uri: `${origin}/keys` });
    expect(await ask(token())).toBe("keys_unavailable");
    expect(asked).toEqual({ [metadataPath]: 1 });
  });

  test("leaves the last good set in use", async () => {
    await ask(token());
    answers[metadataPath] = answer();
    advance(601);
    expect(await ask(token())).toBe("user_1");
    expect(asked).toEqual({ [metadataPath]: 2, "/keys": 1 });
  });
});

test("metadata and key set together have five seconds at a cold start", async () => {
  answers[metadataPath] = (response) =>
    setTimeout(() => json({ issuer: origin, jwks_uri: `${origin}/keys` })(response), 3000);
  answers["/keys"] = () => undefined;
  const started = Date.now();
  expect(await ask(token())).toBe("keys_unavailable");
  expect(Date.now() - started).toBeLessThan(7000);
  expect(asked["/keys"]).toBe(1);
});

test("metadata that came over https leads to no key set on plain http, not even on this machine", async () => {
  const issuer = "https://issuer.test";
  const asked: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (address) => {
    asked.push((address as URL).href);
    return Response.json({ issuer, jwks_uri: `${origin}/keys`, keys: [publicJwk("rsa")] });
  });
  verify = verifierOf(issuer);
  expect(await ask(token(issuer))).toBe("keys_unavailable");
  expect(asked).toEqual([`${issuer}${metadataPath}`]);
});
