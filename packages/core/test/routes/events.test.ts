import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test, vi } from "vitest";
import { createUserMeta, type HttpResponse, jwtVerifier, memoryStore, metadataRoutes } from "../../src/index.ts";
import type { MetadataStore } from "../../src/metadata/store.ts";
import { audience, issuer, keySet, mint } from "../session/tokens.ts";

const nowSeconds = (): number => Math.floor(Date.now() / 1000);
const verifier = jwtVerifier({ issuer, audience, jwks: keySet });
const token = (claims: object = {}) => mint({ claims: { iat: nowSeconds(), exp: nowSeconds() + 3600, ...claims } });

function open(store: MetadataStore = memoryStore(), options: object = {}) {
  const meta = createUserMeta({ store, verifier, ...options });
  const routes = metadataRoutes(meta);
  const client = new AbortController();
  const get = (headers: object = {}, claims: object = {}) =>
    routes.handle({
      method: "GET",
      url: "/me/metadata/events",
      headers: { authorization: `Bearer ${token(claims)}`, ...headers },
      signal: client.signal,
    }) as Promise<HttpResponse>;
  return { meta, routes, client, get };
}

/** Reads a stream event by event. */
function read({ body }: HttpResponse) {
  const chunks = (body as AsyncIterable<string>)[Symbol.asyncIterator]();
  return {
    /** The next chunk: an event or a comment. */
    next: async () => (await chunks.next()).value as string | undefined,
    /** The next event, comments skipped. */
    event: async () => {
      for (;;) {
        const chunk = (await chunks.next()).value as string | undefined;
        if (chunk === undefined) return undefined;
        if (!chunk.startsWith(":"))
          return Object.fromEntries(
            chunk
              .trimEnd()
              .split("\n")
              .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
          ) as { event: string; id: string; data: string };
      }
    },
  };
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the stream of a user's metadata", () => {
  test("begins with the present state and goes on with each change that the user may see", async () => {
    const { meta, get } = open();
    const response = await get();
    expect(response.headers).toMatchObject({ "content-type": "text/event-stream", "cache-control": "no-store" });
    const stream = read(response);
    const first = await stream.event();
    expect(first).toMatchObject({ event: "metadata", id: '"0"' });
    expect(JSON.parse(first?.data ?? "")).toMatchObject({ userId: "user_1", unsafe: {}, version: 0 });

    const change = stream.event();
    await meta.update("user_1", { private: { secret: 1 } });
    await meta.update("user_2", { unsafe: { theme: "dark" } });
    await meta.update("user_1", { unsafe: { theme: "dark" } });
    const event = await change;
    expect(event?.data).not.toContain("secret");
    expect(JSON.parse(event?.data ?? "")).toMatchObject({ unsafe: { theme: "dark" } });
  });

  test("sends nothing again to a client that comes back with the last event's id", async () => {
    const { meta, get, client } = open();
    await meta.update("user_1", { unsafe: { n: 1 } });
    const event = await read(await get()).event();
    const stream = read(await get({ "last-event-id": event?.id }));
    expect(await stream.next()).toMatch(/^:/);
    const next = stream.event();
    await meta.update("user_1", { unsafe: { n: 2 } });
    expect(JSON.parse((await next)?.data ?? "")).toMatchObject({ unsafe: { n: 2 } });
    client.abort();
  });

  test("sends the present state to a client that has missed changes", async () => {
    const { meta, get } = open();
    await meta.update("user_1", { unsafe: { n: 1 } });
    const known = await read(await get()).event();
    for (const n of [2, 3, 4]) await meta.update("user_1", { unsafe: { n } });
    const event = await read(await get({ "last-event-id": known?.id })).event();
    expect(JSON.parse(event?.data ?? "")).toMatchObject({ unsafe: { n: 4 } });
  });

  test("shows other processes' writes as soon as the store tells of them", async () => {
    const listeners = new Set<(event: { userId: string } | "gap") => void>();
    const store: MetadataStore = {
      ...memoryStore(),
      watch: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    };
    const { get, client } = open(store, { cache: { seconds: 60 } });
    const other = createUserMeta({ store: { ...store, watch: () => () => undefined }, verifier });
    const stream = read(await get());
    await stream.event();
    const own = listeners.size;

    for (const event of [{ userId: "user_1" }, "gap"] as const) {
      const next = stream.event();
      await other.update("user_1", { unsafe: { event: JSON.stringify(event) } });
      for (const listener of listeners) listener(event);
      expect(JSON.parse((await next)?.data ?? "")).toMatchObject({ unsafe: { event: JSON.stringify(event) } });
    }
    const end = stream.event();
    client.abort();
    expect(await end).toBeUndefined();
    expect(listeners.size).toBe(own - 1); // nobody listens to the store for a client that is gone
  });

  test("shows an erasure", async () => {
    const { meta, get } = open();
    await meta.update("user_1", { unsafe: { n: 1 } });
    const stream = read(await get());
    await stream.event();
    const next = stream.event();
    await meta.erase("user_1");
    expect(await next).toMatchObject({ id: '"0"' });
  });

  test("gives signs of life, and ends with the session", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    const { get } = open();
    const stream = read(await get({}, { exp: nowSeconds() + 40 }));
    await stream.event();
    for (let beats = 0; beats < 2; beats++) {
      const next = stream.next();
      await vi.advanceTimersByTimeAsync(15_000);
      expect(await next).toBe(":\n\n");
    }
    const end = stream.next();
    await vi.advanceTimersByTimeAsync(15_000);
    expect((await end) ?? "").toMatch(/^(?::\n\n)?$/);
    expect(await stream.next()).toBeUndefined();
  });

  test("ends at the next sign of life once the session is revoked", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    let banned = false;
    const { get } = open(memoryStore(), { revoked: () => banned });
    const stream = read(await get());
    await stream.event();
    banned = true;
    const end = stream.next();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(await end).toBeUndefined();
  });

  test("ends at once when its client leaves", async () => {
    const { get, client } = open();
    const stream = read(await get());
    await stream.event();
    const end = stream.next();
    client.abort();
    expect(await end).toBeUndefined();
  });

  test("is an answer of 503, not an empty stream, while the store is away, and survives its absence later", async () => {
    const store = memoryStore();
    let isAway = true;
    const read503 = (ids: readonly string[]) => (isAway ? Promise.reject(new Error("away")) : store.read(ids));
    const { get, meta } = open({ ...store, read: read503 });
    await expect(get()).rejects.toThrow("away"); // not ours: the binding's framework answers 500
    isAway = false;
    const stream = read(await get());
    await stream.event();
    const next = stream.event();
    await meta.update("user_1", { unsafe: { n: 1 } });
    expect(JSON.parse((await next)?.data ?? "")).toMatchObject({ unsafe: { n: 1 } });
  });

  test("asks for a session like every other route, and answers HEAD without a body", async () => {
    const { routes } = open();
    const refused = await routes.handle({ method: "GET", url: "/me/metadata/events", headers: {} });
    expect(refused?.status).toBe(401);
    const headers = { authorization: `Bearer ${token()}` };
    const head = await routes.handle({ method: "HEAD", url: "/me/metadata/events", headers });
    expect(head).toMatchObject({ status: 200, body: "" });
  });
});

describe("onChange", () => {
  test("is told of every change and of nothing else", async () => {
    const events: unknown[] = [];
    const { meta } = open(memoryStore(), { onChange: (event: unknown) => events.push(event) });
    await meta.update("user_1", { unsafe: { theme: "dark" } }, { actor: "user:user_1" });
    await meta.update("user_1", { unsafe: { theme: "dark" } }); // changes nothing
    await meta.erase("user_1");
    expect(events).toMatchObject([
      {
        userId: "user_1",
        record: { unsafe: { theme: "dark" }, version: 1 },
        change: { kind: "update", actor: "user:user_1", changes: [{ path: "/unsafe/theme", to: "dark" }] },
      },
      { userId: "user_1", record: { unsafe: {}, version: 0 } },
    ]);
    expect(events[1]).not.toHaveProperty("change");
  });

  test("is told what changed where no history is kept", async () => {
    const events: unknown[] = [];
    const { meta } = open(memoryStore(), { history: false, onChange: (event: unknown) => events.push(event) });
    await meta.update("user_1", { unsafe: { theme: "dark" } });
    expect(events).toMatchObject([{ change: { changes: [{ path: "/unsafe/theme", to: "dark" }] } }]);
    expect((await meta.export("user_1")).history).toEqual([]);
  });

  test.each([
    ["throws", () => Promise.resolve().then(() => Promise.reject(new Error("late")))],
    [
      "rejects",
      () => {
        throw new Error("at once");
      },
    ],
  ])("fails no write when it %s", async (_, onChange) => {
    const { meta } = open(memoryStore(), { onChange });
    expect((await meta.update("user_1", { unsafe: { n: 1 } })).version).toBe(1);
    await sleep(1); // an unhandled rejection would fail the run
  });
});
