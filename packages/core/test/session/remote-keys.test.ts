import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { UserMetaError } from "../../src/errors.ts";
import { errorResponse } from "../../src/http.ts";
import { jwtVerifier } from "../../src/session/jwt.ts";
import type { SessionVerifier } from "../../src/session/session.ts";
import { audience, issuer, keys, mint, now, publicJwk, refusal } from "./tokens.ts";

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

const publish =
  (...published: unknown[]): Handler =>
  (_, response) =>
    response.end(JSON.stringify({ keys: published }));
const text =
  (body: string | Buffer): Handler =>
  (_, response) =>
    response.end(body);
const down: Handler = (request) => request.socket.destroy();

// The issuer: a server of our own, what it answers at the moment, and how often it was asked.
let answer: Handler;
let fetches: number;
let verify: SessionVerifier;
let close: () => void;
// Time: the monotonic clock runs on and can be put forward; the system's clock stands still and can be set.
let elapsed: number;
let wallClock: number;

const advance = (seconds: number): void => {
  elapsed += seconds * 1000;
};

beforeEach(async () => {
  const monotonic = performance.now.bind(performance);
  elapsed = 0;
  vi.spyOn(performance, "now").mockImplementation(() => monotonic() + elapsed);
  wallClock = now * 1000;
  fetches = 0;
  answer = publish(publicJwk("rsa"));
  const server = createServer((request, response) => {
    fetches++;
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  close = () => {
    server.close();
    server.closeAllConnections();
  };
  const jwks = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`;
  verify = jwtVerifier({ issuer, audience, jwks, clock: () => wallClock });
});

afterEach(() => {
  close();
  vi.restoreAllMocks();
});

const token = mint();
const rotated = mint({ header: { kid: "evil" }, key: keys.evil.privateKey }); // signed with the issuer's next key
let kids = 0;
const unknown = (): string => mint({ header: { kid: `kid${kids++}` }, key: keys.ed.privateKey });

/** Memory in use once the garbage is collected. */
function heapMegabytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

/** What a guard would answer, in one word. */
async function ask(bearer: string): Promise<string> {
  try {
    return (await verify(bearer)).userId;
  } catch (error) {
    if (error instanceof UserMetaError) return error.code;
    throw error;
  }
}

/** Asks that often, one after the other and at once, and returns the different answers. */
async function askMany(times: number, next: () => string): Promise<string[]> {
  const answers = new Set<string>();
  for (let i = 0; i < times / 10; i++)
    for (const said of await Promise.all(Array.from({ length: 10 }, () => ask(next())))) answers.add(said);
  return [...answers];
}

describe("a key set behind a URL", () => {
  test("is not fetched before a token needs it, and never for a token that no key could save", async () => {
    expect(await ask("a.b.c")).toBe("invalid_token");
    expect(await ask(mint({ header: { alg: "HS256" } }))).toBe("invalid_token");
    expect(await ask(mint({ claims: { iss: "https://evil.test/" } }))).toBe("invalid_token");
    expect(fetches).toBe(0);
  });

  test("is fetched once for a thousand requests at once", async () => {
    answer = (request, response) => setTimeout(() => publish(publicJwk("rsa"))(request, response), 200);
    const answers = await Promise.all(Array.from({ length: 1000 }, () => ask(token)));
    expect(new Set(answers)).toEqual(new Set(["user_1"]));
    expect(fetches).toBe(1);
  });

  test("is used for ten minutes and then fetched again", async () => {
    await ask(token);
    advance(599);
    await ask(token);
    expect(fetches).toBe(1);
    advance(2);
    expect(await ask(token)).toBe("user_1");
    expect(fetches).toBe(2);
  });

  test("shows a new key to the first token that names it", async () => {
    await ask(token);
    answer = publish(publicJwk("rsa"), publicJwk("evil"));
    advance(30);
    expect(await ask(rotated)).toBe("user_1");
    expect(fetches).toBe(2);
  });

  test("is not asked for a new key within the cooldown", async () => {
    await ask(token);
    answer = publish(publicJwk("rsa"), publicJwk("evil"));
    advance(1);
    expect(await ask(rotated)).toBe("invalid_token");
    advance(30);
    expect(await ask(rotated)).toBe("user_1");
    expect(fetches).toBe(2);
  });

  test("verifies nothing by a key that was removed", async () => {
    expect(await ask(token)).toBe("user_1");
    answer = publish(publicJwk("evil"));
    advance(601);
    expect(await ask(token)).toBe("invalid_token");
    expect(await ask(rotated)).toBe("user_1");
  });

  test("leaves out what no session may be verified by", async () => {
    answer = publish(
      null,
      1,
      {},
      { kty: "oct", k: "x", kid: "rsa" },
      keys.evil.privateKey.export({ format: "jwk" }),
      publicJwk("rsa"),
    );
    expect(await ask(token)).toBe("user_1");
    expect(await ask(mint({ header: { kid: undefined } }))).toBe("user_1");
  });

  test("keeps its age when the system's clock jumps", async () => {
    const early = mint({ claims: { iat: now - 7200, exp: now + 7200 } });
    expect(await ask(early)).toBe("user_1");
    wallClock -= 3_600_000;
    expect(await ask(early)).toBe("user_1");
    wallClock += 7_200_000;
    expect(await ask(early)).toBe("user_1");
    expect(fetches).toBe(1);
  });
});

describe("a flood of unknown kids", () => {
  const flood = () => askMany(2000, unknown);

  test("costs the issuer nothing within the cooldown, and one request after it", async () => {
    await ask(token);
    expect(await flood()).toEqual(["invalid_token"]);
    expect(fetches).toBe(1);
    advance(30);
    expect(await flood()).toEqual(["invalid_token"]);
    expect(fetches).toBe(2);
    expect(await ask(token)).toBe("user_1");
  });

  test("costs a failing issuer no more", async () => {
    await ask(token);
    answer = down;
    advance(30);
    expect(await flood()).toEqual(["invalid_token"]);
    expect(fetches).toBe(2);
  });

  test("does not hold up those who have a session, not even while the issuer hangs", async () => {
    await ask(token);
    advance(30);
    let release = (): void => undefined;
    answer = (request, response) => {
      release = () => publish(publicJwk("rsa"))(request, response);
    };
    let isOver = false;
    const flooding = flood().finally(() => {
      isOver = true;
    });
    for (let i = 0; i < 200; i++) expect(await ask(mint())).toBe("user_1");
    expect(isOver).toBe(false);
    release();
    expect(await flooding).toEqual(["invalid_token"]);
  });

  test("leaves no traces in memory", async () => {
    await ask(token);
    const tokens = Array.from({ length: 500 }, unknown);
    let next = 0;
    const before = heapMegabytes();
    await askMany(10_000, () => tokens[next++ % tokens.length] as string);
    expect(heapMegabytes() - before).toBeLessThan(10);
  });
});

describe("while the issuer is down", () => {
  test("known keys verify as long as they are fresh, and nobody is asked", async () => {
    await ask(token);
    answer = down;
    expect(await askMany(100, () => token)).toEqual(["user_1"]);
    expect(fetches).toBe(1);
  });

  test("known keys verify for a day, with at most three requests in ten minutes", async () => {
    await ask(token);
    answer = down;
    advance(601);
    const attempts: number[] = [];
    for (let at = 0; at < 3600; at += 5) {
      const before = fetches;
      expect(await ask(token)).toBe("user_1");
      if (fetches > before) attempts.push(at);
      advance(5);
    }
    expect(attempts[0]).toBe(0);
    for (const start of attempts)
      expect(attempts.filter((at) => at >= start && at < start + 600).length).toBeLessThanOrEqual(3);
    expect(attempts.length).toBeGreaterThanOrEqual(10);
  });

  test("no request waits for the next but the one that asks", async () => {
    await ask(token);
    answer = down;
    advance(601);
    expect(await askMany(1000, () => token)).toEqual(["user_1"]);
    expect(fetches).toBe(2);
  });

  test("known keys verify no longer than a day, and then a 503 says that nobody knows", async () => {
    await ask(token);
    answer = down;
    advance(24 * 3600 - 1);
    expect(await ask(token)).toBe("user_1");
    advance(2);
    expect(await ask(token)).toBe("keys_unavailable");
    expect(await ask(unknown())).toBe("keys_unavailable");
  });

  test("a process that starts answers 503 with Retry-After, and not that the token is bad", async () => {
    answer = down;
    const error = await refusal(() => verify(token), "keys_unavailable");
    const { status, headers } = errorResponse(error);
    expect(status).toBe(503);
    expect(headers["retry-after"]).toMatch(/^\d+$/);
    expect(headers["www-authenticate"]).toBeUndefined();
  });

  test("a process that starts asks no more than once in a while, and recovers by itself", async () => {
    answer = down;
    expect(await askMany(1000, () => token)).toEqual(["keys_unavailable"]);
    expect(fetches).toBeLessThanOrEqual(2);
    for (let i = 0; i < 10; i++) {
      advance(60);
      await ask(token);
    }
    answer = publish(publicJwk("rsa"));
    advance(34);
    expect(await ask(token)).toBe("user_1");
  });
});

describe("the last good set is kept when the issuer answers", () => {
  const nonsense: Record<string, Handler> = {
    "a redirect": (_, response) => response.writeHead(302, { location: "http://127.0.0.1:9/" }).end(),
    "50 megabytes": text(Buffer.alloc(50 * 2 ** 20, " ")),
    "a set of null": publish(null),
    "an empty set": publish(),
    "no set": text("{}"),
    null: text("null"),
    "no list": text('{"keys":{}}'),
    "no JSON": text("<html>"),
    nothing: text(""),
    "no UTF-8": text(Buffer.from('{"keys":["\xff"]}', "latin1")),
    "an error": (_, response) => response.writeHead(500).end(),
    "half an answer": (_, response) => {
      response.writeHead(200, { "content-length": "100" }).write('{"keys"');
      setTimeout(() => response.destroy(), 10);
    },
    "unusable keys": publish(publicJwk("rsa", { use: "enc" }), { kty: "oct", k: "x" }),
  };

  test.each(Object.entries(nonsense))("%s", async (_, handler) => {
    await ask(token);
    answer = handler;
    advance(601);
    expect(await ask(token)).toBe("user_1");
    expect(await ask(rotated)).toBe("invalid_token");
    expect(fetches).toBe(2);
  });

  test("a byte in a second, and nobody waits for the rest", async () => {
    await ask(token);
    answer = (_, response) => {
      const timer = setInterval(() => response.write(" "), 1000);
      response.on("close", () => clearInterval(timer));
    };
    advance(601);
    const started = Date.now();
    expect(await ask(token)).toBe("user_1");
    expect(Date.now() - started).toBeLessThan(3000);
    const again = Date.now();
    expect(await ask(token)).toBe("user_1");
    expect(Date.now() - again).toBeLessThan(500);
  });

  test.each(["a redirect", "50 megabytes", "a set of null", "no JSON"])(
    "%s, but a cold start gets 503",
    async (name) => {
      answer = nonsense[name] as Handler;
      expect(await ask(token)).toBe("keys_unavailable");
    },
  );

  test("a byte in a second, but a cold start gives up after five", async () => {
    answer = (_, response) => {
      const timer = setInterval(() => response.write(" "), 1000);
      response.on("close", () => clearInterval(timer));
    };
    const started = Date.now();
    expect(await ask(token)).toBe("keys_unavailable");
    expect(Date.now() - started).toBeLessThan(6500);
  });
});
