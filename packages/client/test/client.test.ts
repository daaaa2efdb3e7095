import { createClient, type MetadataClient, type RequestOptions, UserMetaClientError } from "@usermeta/client";
import type { JsonObject } from "@usermeta/core";
import { mintToken } from "@usermeta/testkit";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { openSite, type Site } from "../../../test/browser/site.ts";
import { mergeDocument as serverMerge } from "../../core/src/metadata/merge.ts";
import { mergeDocument, share } from "../src/merge.ts";

let site: Site;
let user = "";
let users = 0;
beforeAll(async () => {
  site = await openSite();
});
afterAll(() => site.close());
beforeEach(() => {
  user = `user${users++}`;
  site.log.length = 0;
});

/** A client of the test's own user, or of another. */
function clientOf(sub = user, options: RequestOptions = {}): MetadataClient {
  return createClient({ url: `${site.origin}/usermeta`, token: () => mintToken({ sub }), ...options });
}

const failure = (promise: Promise<unknown>): Promise<UserMetaClientError> =>
  promise.then(
    () => expect.unreachable("it should have been refused"),
    (error: unknown) => {
      expect(error).toBeInstanceOf(UserMetaClientError);
      return error as UserMetaClientError;
    },
  );

const example = { preferences: { theme: "dark" }, notifications: { email: true }, todos: ["use-text-notifs"] };

describe("reading", () => {
  it("gives what the user may see, and nothing for somebody unknown", async () => {
    const client = clientOf();
    expect(client.current()).toBe(undefined);
    expect(await client.get()).toEqual({ userId: user, public: {}, unsafe: {}, version: 0, updatedAt: null });
    await site.meta.update(user, { public: { plan: "pro" }, private: { ssn: 1 }, unsafe: { theme: "dark" } });
    const { updatedAt, ...read } = await client.get();
    expect(read).toEqual({ userId: user, public: { plan: "pro" }, unsafe: { theme: "dark" }, version: 1 });
    expect(updatedAt).toMatch(/^20..-.*Z$/);
    expect(client.current()).toBe(await client.get());
  });
  it("asks once for many callers, and not again for what has not changed", async () => {
    const client = clientOf();
    const answers = await Promise.all(Array.from({ length: 50 }, () => client.get()));
    expect(new Set(answers).size).toBe(1);
    await client.get();
    expect(site.log).toEqual(["GET /me/metadata 200", "GET /me/metadata if-none-match 304"]);
  });
  it.each([
    ["a later version", { theme: "light" }],
    ["nothing at all", undefined],
  ])("does not go back to what an answer says that was overtaken by a write: before, %s", async (_, before) => {
    if (before) await site.meta.update(user, { unsafe: before });
    let release = (): void => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow: typeof fetch = async (url, init) => {
      const answer = await fetch(url, init);
      if (init?.method === "GET") await held;
      return answer;
    };
    const client = clientOf(user, { fetch: slow });
    const reading = client.get();
    await vi.waitFor(() => expect(site.log).toEqual(["GET /me/metadata 200"]), 10_000);
    await client.update({ unsafe: { theme: "dark" } });
    release();
    expect((await reading).unsafe).toEqual({ theme: "dark" });
    expect(client.current()?.unsafe).toEqual({ theme: "dark" });
  });
  it("keeps what did not change identical", async () => {
    await site.meta.update(user, { public: { plan: { name: "pro" } }, unsafe: { list: [{ a: 1 }, { b: 2 }] } });
    const client = clientOf();
    const before = await client.get();
    await site.meta.update(user, { unsafe: { list: [{ a: 1 }, { b: 3 }] } });
    const after = await client.get();
    expect(after.public).toBe(before.public);
    const [first, last] = [before, after].map(({ unsafe }) => unsafe["list"] as object[]);
    expect([first?.[0] === last?.[0], first?.[1] === last?.[1]]).toEqual([true, false]);
  });
});

describe("writing", () => {
  it("merges shallowly, deeply or not at all", async () => {
    const client = clientOf();
    await client.update({ unsafe: example });
    const { unsafe } = await client.update({ unsafe: { notifications: { sms: true }, todos: null } });
    expect(unsafe).toEqual({ preferences: { theme: "dark" }, notifications: { sms: true } });
    const deep = await client.update({ unsafe: { preferences: { size: 2, theme: null } } }, { merge: "deep" });
    expect(deep.unsafe).toEqual({ preferences: { size: 2 }, notifications: { sms: true } });
    const replaced = await client.update({ unsafe: { birthday: "11-30-1969" } }, { merge: "replace" });
    expect(replaced.unsafe).toEqual({ birthday: "11-30-1969" });
    expect((await client.clear()).unsafe).toEqual({});
    expect((await site.meta.get(user)).version).toBe(5);
  });
  it("shows at once what the server will make of it, for any documents", () => {
    const json = fc.dictionary(fc.constantFrom("a", "b", "c"), fc.jsonValue({ maxDepth: 3 }));
    const deep = fc
      .letrec<{ node: unknown }>((tie) => ({
        node: fc.oneof(
          { maxDepth: 4 },
          fc.constantFrom(null, 1, "x", [null, 1]),
          fc.dictionary(fc.constantFrom("a", "b"), tie("node")),
        ),
      }))
      .node.filter((node) => typeof node === "object" && node !== null && !Array.isArray(node));
    const isSendable = (document: unknown) => !JSON.stringify(document).includes("__proto__");
    const documents = fc.oneof(json, deep).filter(isSendable) as fc.Arbitrary<JsonObject>;
    fc.assert(
      fc.property(fc.constantFrom("shallow", "deep", "replace"), documents, documents, (merge, current, changes) => {
        const expected = serverMerge(merge, current, changes);
        expect(mergeDocument(merge, current, changes)).toEqual(expected);
        expect(share(current, expected)).toEqual(expected);
        expect(share(expected, structuredClone(expected))).toBe(expected);
        const shared = share(current, expected);
        expect(share(current, shared)).toBe(shared);
      }),
      { numRuns: 2000 },
    );
  });
  it("shows a write before the server has it, and takes it back when the server refuses", async () => {
    const client = clientOf();
    await client.update({ unsafe: { theme: "light" } });
    const seen: unknown[] = [];
    const stop = client.subscribe(() => seen.push(client.current()?.unsafe["theme"]));
    const writing = client.update({ unsafe: { theme: "x".repeat(3000) } });
    expect(client.current()?.unsafe["theme"]).toBe("x".repeat(3000));
    const { code, detail, status, pointer } = await failure(writing);
    expect({ code, status, pointer }).toEqual({ code: "scope_too_large", status: 422, pointer: "/unsafe" });
    expect(detail).toContain("3000");
    expect(seen).toEqual(["x".repeat(3000), "light"]);
    stop();
  });
  it("makes its changes again on top of what somebody else wrote first", async () => {
    const client = clientOf();
    await client.update({ unsafe: { a: 1 } });
    await site.meta.update(user, { public: { plan: "pro" }, unsafe: { b: 2 } });
    site.log.length = 0;
    const { public: shown, unsafe } = await client.update({ unsafe: { c: 3 } });
    expect({ shown, unsafe }).toEqual({ shown: { plan: "pro" }, unsafe: { a: 1, b: 2, c: 3 } });
    expect(site.log).toEqual([
      "PATCH /me/metadata if-match 412",
      "GET /me/metadata if-none-match 200",
      "PATCH /me/metadata if-match 200",
    ]);
  });
  it("loses no increment of clients that write at the same time", async () => {
    const clients = [clientOf(), clientOf(), clientOf()];
    await Promise.all(
      clients.flatMap((client) =>
        Array.from({ length: 5 }, () =>
          client.update(({ unsafe }) => ({ unsafe: { n: Number(unsafe["n"] ?? 0) + 1 } })),
        ),
      ),
    );
    expect((await site.meta.get(user)).unsafe).toEqual({ n: 15 });
  });
  it("sends one's own writes one after another, and shows them all meanwhile", async () => {
    const client = clientOf();
    await client.get();
    const all = [
      client.update({ unsafe: { a: 1 } }),
      client.update(({ unsafe }) => ({ unsafe: { b: Number(unsafe["a"]) + 1 } })),
      client.update({ unsafe: { a: null } }),
    ];
    expect(client.current()?.unsafe).toEqual({ b: 2 });
    await Promise.all(all);
    expect((await site.meta.get(user)).unsafe).toEqual({ b: 2 });
    expect(site.log.filter((line) => line.endsWith("412"))).toEqual([]);
  });
  it("never replaces what somebody else has changed since, unless told how to do it again", async () => {
    const client = clientOf();
    await client.update({ unsafe: { a: 1 } });
    await site.meta.update(user, { public: { plan: "pro" } });
    const { unsafe } = await client.update({ unsafe: { ...client.current()?.unsafe, b: 2 } }, { merge: "replace" });
    expect(unsafe, "public has changed, unsafe has not").toEqual({ a: 1, b: 2 });

    await site.meta.update(user, { unsafe: { theirs: true } });
    const replacement = { ...client.current()?.unsafe, c: 3 };
    expect((await failure(client.update({ unsafe: replacement }, { merge: "replace" }))).code).toBe("version_conflict");
    expect(client.current()?.unsafe, "the newest is known now").toEqual({ a: 1, b: 2, theirs: true });
    await client.update((current) => ({ unsafe: { ...current.unsafe, c: 3 } }), { merge: "replace" });
    expect((await site.meta.get(user)).unsafe).toEqual({ a: 1, b: 2, theirs: true, c: 3 });
  });
  it("knows what a replacement was made from, also when news came in between", async () => {
    const client = clientOf();
    const from = await client.update({ unsafe: { a: 1 } });
    await site.meta.update(user, { unsafe: { theirs: true } });
    await client.get();
    const late = client.update({ unsafe: { a: 2 } }, { merge: "replace", from });
    expect((await failure(late)).code).toBe("version_conflict");
    expect((await site.meta.get(user)).unsafe).toEqual({ a: 1, theirs: true });
  });
  it("refuses what JSON would change, before it is sent", async () => {
    const client = clientOf();
    await client.get();
    const values = [Number.NaN, Number.POSITIVE_INFINITY, new Date(), new Map(), 1n, () => 1, [undefined], Symbol("s")];
    for (const value of values) {
      const { code } = await failure(client.update({ unsafe: { value: value as never } }));
      expect([value, code]).toEqual([value, "invalid_value"]);
    }
    expect(site.log).toEqual(["GET /me/metadata 200"]);
    await client.update({ unsafe: { value: undefined as never, a: 1 } });
    expect(client.current()?.unsafe).toEqual({ a: 1 });
  });
  it("cannot be changed by what happens to the object later", async () => {
    const client = clientOf();
    await client.get();
    const changes = { theme: "dark" };
    const writing = client.update({ unsafe: changes });
    changes.theme = "light";
    expect(client.current()?.unsafe["theme"]).toBe("dark");
    expect((await writing).unsafe["theme"]).toBe("dark");
  });
  it("passes on that other scopes are not the user's to write", async () => {
    const { code, pointer } = await failure(clientOf().update({ public: { plan: "gold" } } as never));
    expect([code, pointer]).toEqual(["scope_forbidden", "/public"]);
  });
});

describe("signing up", () => {
  it("writes once, and says so clearly afterwards", async () => {
    const client = clientOf();
    expect((await client.signUp({ unsafe: { birthday: "11-30-1969" } })).unsafe).toEqual({ birthday: "11-30-1969" });
    const { code, detail } = await failure(clientOf().signUp({ unsafe: { birthday: "01-01-2000" } }));
    expect(code).toBe("already_set");
    expect(detail).toContain("signUp writes it once");
    expect((await site.meta.get(user)).unsafe).toEqual({ birthday: "11-30-1969" });
    await client.clear();
    expect((await failure(client.signUp({ unsafe: {} }))).code, "cleared is not never written").toBe("already_set");
  });
  it("does not mind what the server has written to public before", async () => {
    await site.meta.update(user, { public: { plan: "free" } });
    expect((await clientOf().signUp({ unsafe: { a: 1 } })).version).toBe(2);
  });
  it("shows nothing that may not be written", async () => {
    await site.meta.update(user, { unsafe: { a: 1 } });
    const client = clientOf();
    await client.get();
    const signingUp = client.signUp({ unsafe: { a: 2 } });
    expect(client.current()?.unsafe).toEqual({ a: 1 });
    await failure(signingUp);
  });
});

describe("a server in trouble", () => {
  it("is asked again after 503", async () => {
    site.fail(2);
    expect((await clientOf().update({ unsafe: { a: 1 } })).unsafe).toEqual({ a: 1 });
    expect(site.log).toEqual(["PATCH /me/metadata 503", "PATCH /me/metadata 503", "PATCH /me/metadata 200"]);
  });
  it("is given the time that Retry-After names", async () => {
    site.fail(1, 1);
    setTimeout(() => site.log.push("0.9 s"), 900);
    await clientOf().get();
    expect(site.log).toEqual(["GET /me/metadata 503", "0.9 s", "GET /me/metadata 200"]);
  });
  it("does a write once whose answer was lost", async () => {
    const client = clientOf();
    await client.update({ unsafe: { n: 1 } });
    site.wire.loseAnswer();
    await client.update(({ unsafe }) => ({ unsafe: { n: Number(unsafe["n"]) + 1 } }));
    expect((await site.meta.get(user)).unsafe).toEqual({ n: 2 });
    expect((await site.meta.export(user)).history.length).toBe(2);
    expect(site.log.slice(1)).toEqual(["PATCH /me/metadata if-match 200", "PATCH /me/metadata if-match 200"]);
  });
  it("is told of when it stays away, and what was shown goes back", async () => {
    const client = clientOf(user, { retries: 1 });
    await client.update({ unsafe: { theme: "light" } });
    await site.wire.cut();
    const writing = client.update({ unsafe: { theme: "dark" } });
    expect(client.current()?.unsafe["theme"]).toBe("dark");
    const { code, status } = await failure(writing);
    expect([code, status, client.current()?.unsafe["theme"]]).toEqual(["network", 0, "light"]);
    await failure(client.get());
    expect(client.error()?.code).toBe("network");
    await site.wire.restore();
    await client.get();
    expect(client.error()).toBe(undefined);
  });
  it("may be another server altogether", async () => {
    const elsewhere = createClient({ url: `${site.origin}/nowhere` });
    const { code, detail } = await failure(elsewhere.get());
    expect(code).toBe("unexpected_answer");
    expect(detail).toContain("/nowhere/me/metadata answered 404");
  });
});

describe("a session", () => {
  const expired = () => mintToken({ sub: user, exp: Math.floor(Date.now() / 1000) - 60 });

  it("that has expired is refreshed once, for all who wait", async () => {
    let token = await expired();
    const provider = vi.fn(async ({ refresh }: { refresh: boolean }) => {
      if (refresh) token = await mintToken({ sub: user });
      return token;
    });
    const client = clientOf(user, { token: provider });
    await Promise.all([client.get(), client.update({ unsafe: { a: 1 } }), client.update({ unsafe: { b: 1 } })]);
    expect(client.current()?.unsafe).toEqual({ a: 1, b: 1 });
    expect(provider.mock.calls.filter(([{ refresh }]) => refresh).length).toBe(1);
  });
  it("is not refreshed again for an answer that comes late", async () => {
    let token = await expired();
    const provider = vi.fn(async ({ refresh }: { refresh: boolean }) => {
      if (refresh) token = await mintToken({ sub: user });
      return token;
    });
    let isFirst = true;
    let refused = (): void => {};
    const late = new Promise<void>((resolve) => {
      refused = resolve;
    });
    const slow: typeof fetch = async (url, init) => {
      const isHeld = isFirst;
      isFirst = false;
      const answer = await fetch(url, init);
      if (isHeld) await late;
      return answer;
    };
    const client = clientOf(user, { fetch: slow, token: provider });
    const reading = client.get();
    await client.update({ unsafe: { a: 1 } });
    refused();
    await reading;
    expect(provider.mock.calls.filter(([{ refresh }]) => refresh).length).toBe(1);
  });
  it("is not refreshed again when that did not help, and nothing is shown any more", async () => {
    const client = clientOf();
    await client.get();
    const provider = vi.fn(expired);
    const stranger = clientOf(user, { token: provider });
    expect((await failure(stranger.get())).code).toBe("token_expired");
    expect(provider).toHaveBeenCalledTimes(3);

    let isSignedIn = true;
    const leaving = clientOf(user, { token: () => (isSignedIn ? mintToken({ sub: user }) : undefined) as never });
    await leaving.get();
    isSignedIn = false;
    expect((await failure(leaving.update({ unsafe: { a: 1 } }))).code).toBe("session_required");
    expect(leaving.current()).toBe(undefined);
  });
  it("of somebody else never gets what was meant for the first one", async () => {
    await site.meta.update(user, { unsafe: { mine: 1 } });
    let sub = user;
    const client = clientOf(user, { token: () => mintToken({ sub }) });
    await client.get();
    sub = `${user}-other`;
    expect((await failure(client.update({ unsafe: { secret: 1 } }))).code).toBe("version_conflict");
    expect((await site.meta.get(sub)).unsafe).toEqual({});
    expect(client.current()?.userId).toBe(sub);
  });
  it("of somebody else shows theirs as soon as the stream says so", async () => {
    let sub = user;
    const client = clientOf(user, { token: () => mintToken({ sub }) });
    const stop = client.subscribe(() => {});
    await vi.waitFor(() => expect(site.log.at(-1)).toContain("/events"), 10_000);
    sub = `${user}-other`;
    await site.meta.update(sub, { unsafe: { theirs: true } });
    await site.wire.cut();
    await site.wire.restore();
    await vi.waitFor(() => expect(client.current()).toMatchObject({ userId: sub, unsafe: { theirs: true } }), 30_000);
    stop();
  });
  it("may be a cookie that the token function has renewed", async () => {
    let cookie = `session=${await expired()}`;
    const fetch: typeof globalThis.fetch = (url, init) =>
      globalThis.fetch(url, { ...init, headers: [...new Headers(init?.headers), ["cookie", cookie]] });
    const token = async ({ refresh }: { refresh: boolean }) => {
      if (refresh) cookie = `session=${await mintToken({ sub: user })}`;
      return undefined;
    };
    expect((await clientOf(user, { fetch, token }).get()).userId).toBe(user);
  });
});

describe("what a page was rendered with", () => {
  it("is shown at once, and known by its version before anything is written", async () => {
    await site.meta.update(user, { public: { plan: "pro" }, unsafe: { a: 1 } });
    const initial = { userId: user, public: { plan: "pro" }, unsafe: { a: 1 }, version: 1 };
    const client = createClient({ url: `${site.origin}/usermeta`, token: () => mintToken({ sub: user }), initial });
    expect(client.current()).toEqual({ ...initial, updatedAt: null });
    await site.meta.update(user, { unsafe: { b: 2 } });
    const writing = client.update({ unsafe: { ...initial.unsafe, c: 3 } }, { merge: "replace" });
    expect((await failure(writing)).code).toBe("version_conflict");
  });
  it("comes with options that exist", () => {
    // @ts-expect-error misspelt
    expect(() => createClient({ tokens: () => "x" })).toThrow('createClient has no option "tokens"');
  });
  it("must not hold private metadata", async () => {
    const record = await site.meta.get(user);
    // @ts-expect-error a record has private
    expect(() => createClient({ initial: record })).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});

describe("listening", () => {
  const openings = () => site.log.filter((line) => line.includes("/events")).length;

  it("hears of what changes elsewhere, once for each change", async () => {
    const client = clientOf();
    const seen: unknown[] = [];
    const stop = client.subscribe(() => seen.push(client.current()?.unsafe));
    await vi.waitFor(() => expect(site.log.at(-1)).toBe("GET /me/metadata/events last-event-id 200"), 10_000);
    for (const n of [1, 2]) {
      await site.meta.update(user, { unsafe: { n } });
      await vi.waitFor(() => expect(client.current()?.unsafe).toEqual({ n }), 10_000);
    }
    await site.meta.update(user, { private: { n: 3 } });
    await site.meta.update(user, { unsafe: { n: 4 } });
    await vi.waitFor(() => expect(seen).toEqual([{}, { n: 1 }, { n: 2 }, { n: 4 }]), 10_000);
    stop();
  });
  it("hears of what it has missed while the server was away", async () => {
    const client = clientOf();
    const stop = client.subscribe(() => {});
    await vi.waitFor(() => expect(openings()).toBe(1), 10_000);
    await site.wire.cut();
    await site.meta.update(user, { unsafe: { missed: true } });
    await site.wire.restore();
    await vi.waitFor(() => expect(client.current()?.unsafe).toEqual({ missed: true }), 30_000);
    stop();
  });
  it("reads at last, however long the server was away at first", async () => {
    await site.wire.cut();
    const client = clientOf(user, { retries: 0 });
    const stop = client.subscribe(() => {});
    await vi.waitFor(() => expect(client.error()?.code).toBe("network"), 10_000);
    await site.wire.restore();
    await vi.waitFor(() => expect(client.current()?.userId).toBe(user), 30_000);
    expect(client.error()).toBe(undefined);
    stop();
  });
  it("waits for a server that cannot stream for now, and does without one that never can", async () => {
    const client = clientOf();
    await client.get();
    site.fail(2);
    const stop = client.subscribe(() => {});
    await vi.waitFor(() => expect(openings()).toBeGreaterThan(0), 10_000);
    stop();
    const elsewhere = clientOf(user, {
      fetch: async (url, init) =>
        (url as string).endsWith("/events") ? new Response("<p>not here", { status: 200 }) : fetch(url, init),
    });
    const stopToo = elsewhere.subscribe(() => {});
    await vi.waitFor(() => expect(elsewhere.current()?.userId).toBe(user), 10_000);
    expect(elsewhere.error()).toBe(undefined);
    stopToo();
  });
  it("connects again when the session ends, with a new token", async () => {
    let lifetime = 2;
    const token = () => mintToken({ sub: user, exp: Math.floor(Date.now() / 1000) + lifetime });
    const client = clientOf(user, { token });
    const stop = client.subscribe(() => {});
    await vi.waitFor(() => expect(openings()).toBe(1), 10_000);
    lifetime = 3600;
    await vi.waitFor(() => expect(openings()).toBe(2), 30_000);
    await site.meta.update(user, { unsafe: { later: true } });
    await vi.waitFor(() => expect(client.current()?.unsafe).toEqual({ later: true }), 10_000);
    stop();
  });
  it("begins anew for an erased user", async () => {
    await site.meta.update(user, { unsafe: { n: 1 } });
    await site.meta.update(user, { unsafe: { n: 2 } });
    const client = clientOf();
    const stop = client.subscribe(() => {});
    await vi.waitFor(() => expect(openings()).toBe(1), 10_000);
    await site.meta.erase(user);
    await vi.waitFor(() => expect(client.current()?.version).toBe(0), 10_000);
    await site.meta.update(user, { unsafe: { again: true } });
    await vi.waitFor(() => expect(client.current()?.unsafe).toEqual({ again: true }), 10_000);
    stop();
  });
  it("stops with the last listener", async () => {
    const client = clientOf();
    const [one, two] = [client.subscribe(() => {}), client.subscribe(() => {})];
    await vi.waitFor(() => expect(openings()).toBe(1), 10_000);
    one();
    await site.meta.update(user, { unsafe: { n: 1 } });
    await vi.waitFor(() => expect(client.current()?.unsafe).toEqual({ n: 1 }), 10_000);
    two();
    two();
    await Promise.resolve();
    await site.meta.update(user, { unsafe: { n: 2 } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(client.current()?.unsafe).toEqual({ n: 1 });
  });
  it.runIf("locks" in navigator)(
    "shares one connection between clients of the same user, and passes it on",
    async () => {
      const [first, second] = [clientOf(), clientOf()];
      const stopFirst = first.subscribe(() => {});
      await vi.waitFor(() => expect(openings()).toBe(1), 10_000);
      const stopSecond = second.subscribe(() => {});
      await site.meta.update(user, { unsafe: { n: 1 } });
      await vi.waitFor(
        () => expect([first, second].map((client) => client.current()?.unsafe)).toEqual([{ n: 1 }, { n: 1 }]),
        10_000,
      );
      expect(openings()).toBe(1);
      stopFirst();
      await vi.waitFor(() => expect(openings()).toBe(2), 10_000);
      await site.meta.update(user, { unsafe: { n: 2 } });
      await vi.waitFor(() => expect(second.current()?.unsafe).toEqual({ n: 2 }), 10_000);
      stopSecond();
    },
  );
});
