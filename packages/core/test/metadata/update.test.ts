import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  createUserMeta,
  type MetadataStore,
  memoryStore,
  type Put,
  type PutResult,
  UserMetaError,
  type UserMetaOptions,
} from "../../src/index.ts";

const verifier = () => {
  throw new Error("no session is verified here");
};
const open = (options: Partial<UserMetaOptions> = {}) => createUserMeta({ store: memoryStore(), verifier, ...options });
const code = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "done",
    (error: unknown) => (error instanceof UserMetaError ? error.code : String(error)),
  );

describe("A record", () => {
  it("of an unknown user is empty, of version 0, and nothing is created by reading it", async () => {
    const meta = open();
    expect(await meta.get("nobody")).toEqual({
      userId: "nobody",
      public: {},
      private: {},
      unsafe: {},
      version: 0,
      etag: '"0"',
      createdAt: null,
      updatedAt: null,
    });
    for await (const record of meta.list()) expect.fail(`listed ${record.userId}`);
  });

  it("gets a new incarnation when it is erased and written again", async () => {
    const meta = open();
    const before = await meta.update("u", { unsafe: { a: 1 } });
    await meta.erase("u");
    expect((await meta.get("u")).version).toBe(0);
    const after = await meta.update("u", { unsafe: { a: 1 } });
    expect(after.version).toBe(1);
    expect(after.etag).not.toBe(before.etag);
    expect(await code(meta.update("u", { unsafe: { b: 1 } }, { ifMatch: before.etag }))).toBe("version_conflict");
  });

  it("is returned as a copy: changing it changes nothing that is stored", async () => {
    const meta = open();
    const record = await meta.update("u", { unsafe: { list: [1] } });
    (record.unsafe["list"] as number[]).push(2);
    expect((await meta.get("u")).unsafe).toEqual({ list: [1] });
  });

  it("is exported with its history", async () => {
    const meta = open();
    await meta.update("u", { private: { a: 1 } });
    const { record, history } = await meta.export("u");
    expect(record.private).toEqual({ a: 1 });
    expect(history.map(({ kind }) => kind)).toEqual(["update"]);
  });

  it.each(["", " ", ".", "..", "a\nb", "a\0b", "\ud800", "é".repeat(128), 7, undefined, null])(
    "cannot belong to the user id %j",
    async (userId) => {
      expect(await code(open().get(userId as string))).toBe("invalid_user_id");
      expect(await code(open().update(userId as string, {}))).toBe("invalid_user_id");
    },
  );

  it("belongs to exactly its user id", async () => {
    const meta = open();
    const ids = ["bob", "BOB", "bób", "bob ", " bob", "a/b", "__proto__", "é".repeat(127)];
    for (const id of ids) await meta.update(id, { unsafe: { id } });
    expect((await meta.getMany(ids)).map(({ unsafe }) => unsafe["id"])).toEqual(ids);
  });
});

describe("An update", () => {
  it("gives a record that is the caller's: what is done to one scope of it shows in no other, and nowhere else", async () => {
    const meta = open({ cache: { seconds: 60 } });
    const shared = { list: [1] };
    for (const write of [
      meta.update("u", { public: shared, unsafe: shared }),
      meta.clear("u"),
      meta.patch("u", [
        { op: "add", path: "/public/list", value: [1] },
        { op: "copy", from: "/public/list", path: "/unsafe/list" },
      ]),
    ]) {
      const record = await write;
      const before = JSON.stringify(record.unsafe);
      Object.assign(record.public, { more: true });
      (record.public["list"] as number[] | undefined)?.push(2);
      expect(JSON.stringify(record.unsafe)).toBe(before);
    }
    expect(shared).toEqual({ list: [1] });
    expect((await meta.get("u")).public).toEqual({ list: [1] });
  });

  it("is all or nothing over scopes", async () => {
    const meta = open();
    const tooLarge = { public: { ok: 1 }, unsafe: { s: "x".repeat(3000) } };
    expect(await code(meta.update("u", tooLarge))).toBe("scope_too_large");
    expect((await meta.get("u")).version).toBe(0);
  });

  it("touches only the scopes it names, and remembers each one's version", async () => {
    const meta = open();
    await meta.update("u", { public: { a: 1 } });
    await meta.update("u", { private: { b: 1 } });
    const { public: first, private: second, unsafe } = await meta.records.read("u");
    expect([first.version, second.version, unsafe.version]).toEqual([1, 2, 0]);
  });

  it("that names no scope, or changes nothing, writes nothing", async () => {
    const meta = open();
    expect((await meta.update("u", {})).version).toBe(0);
    expect((await meta.update("u", { unsafe: {} })).version).toBe(0);
    const record = await meta.update("u", { unsafe: { a: 1 } });
    expect(await meta.update("u", { unsafe: { b: null } })).toEqual(record);
    expect((await meta.update("u", { unsafe: {} }, { merge: "replace" })).unsafe).toEqual({});
  });

  it.each([
    [{ unsafe: null }, "not_an_object"],
    [{ unsafe: [1] }, "not_an_object"],
    [null, "not_an_object"],
    [{ other: {} }, "unknown_member"],
    [{ Public: {} }, "unknown_member"],
    [{ unsafe: { at: new Date() } }, "invalid_value"],
    [() => ({ unsafe: { n: Number.NaN } }), "invalid_value"],
    [async () => ({ unsafe: {} }), "invalid_value"],
  ])("is refused as %j with %s, and leaves everything as it was", async (changes, expected) => {
    const meta = open();
    const before = await meta.update("u", { unsafe: { a: 1 } });
    expect(await code(meta.update("u", changes as never))).toBe(expected);
    expect(await meta.get("u")).toEqual(before);
  });

  it("lets a scope that is over its limit shrink, and only shrink", async () => {
    const store = memoryStore();
    const large = open({ store, limits: { characters: { unsafe: 10_000 } } });
    const small = open({ store });
    await large.update("u", { unsafe: { s: "x".repeat(9000), t: 1 } });
    expect(await code(small.update("u", { unsafe: { s: "y".repeat(9000) } }))).toBe("scope_too_large");
    expect((await small.update("u", { unsafe: { t: null } })).unsafe).toEqual({ s: "x".repeat(9000) });
    expect((await small.update("u", { unsafe: { s: "y" } })).unsafe).toEqual({ s: "y" });
  });

  it("by a function sees the record, runs again on conflict, and loses nothing", async () => {
    const store = memoryStore();
    const processes = [open({ store }), open({ store }), open({ store })] as const;
    const writes = Array.from({ length: 60 }, (_, i) =>
      processes[(i % 3) as 0 | 1 | 2].update("u", ({ private: { n } }) => ({
        private: { n: ((n as number | undefined) ?? 0) + 1 },
      })),
    );
    await Promise.all(writes);
    expect(await processes[0].get("u")).toMatchObject({ private: { n: 60 }, version: 60 });
  });

  it("may be conditional on the record's version", async () => {
    const meta = open();
    expect(await code(meta.update("u", { unsafe: { a: 1 } }, { ifMatch: "*" }))).toBe("version_conflict");
    const first = await meta.update("u", { unsafe: { a: 1 } }, { ifMatch: '"0"' });
    const second = await meta.update("u", { unsafe: { a: 2 } }, { ifMatch: ['"x"', first.etag] });
    expect(await code(meta.update("u", { unsafe: { a: 3 } }, { ifMatch: first.etag }))).toBe("version_conflict");
    expect((await meta.update("u", { unsafe: { a: 3 } }, { ifMatch: "*" })).version).toBe(second.version + 1);
  });

  it("may be conditional on its scope never having been written", async () => {
    const meta = open();
    await meta.update("u", { public: { plan: "free" } });
    expect((await meta.update("u", { unsafe: { a: 1 } }, { ifAbsent: true })).unsafe).toEqual({ a: 1 });
    expect(await code(meta.update("u", { unsafe: { a: 2 } }, { ifAbsent: true }))).toBe("version_conflict");
    await meta.clear("u", "unsafe");
    expect(await code(meta.update("u", { unsafe: { a: 2 } }, { ifAbsent: true }))).toBe("version_conflict");
  });

  it("is refused with notes that the log could not keep", async () => {
    const meta = open();
    for (const options of [
      { reason: "x".repeat(201) },
      { actor: "a\nb" },
      { idempotencyKey: "" },
      { idempotencyKey: "a b" },
    ])
      expect(await code(meta.update("u", { unsafe: { a: 1 } }, options))).toBe("invalid_request");
  });
});

describe("An idempotency key", () => {
  it("makes a repeated request happen once, also one whose precondition it made false", async () => {
    const meta = open();
    const { etag } = await meta.update("u", { unsafe: { n: 1 } });
    const request = () => meta.update("u", { unsafe: { n: 2 } }, { idempotencyKey: "k", ifMatch: etag });
    const first = await request();
    await meta.update("u", { unsafe: { other: 1 } });
    expect(await request()).toMatchObject({ version: first.version + 1, unsafe: { n: 2, other: 1 } });
  });

  it("is refused with another request, and free for another actor", async () => {
    const meta = open();
    await meta.update("u", { unsafe: { n: 1 } }, { idempotencyKey: "k" });
    expect(await code(meta.update("u", { unsafe: { n: 2 } }, { idempotencyKey: "k" }))).toBe("idempotency_key_reused");
    expect(await code(meta.clear("u", "unsafe", { idempotencyKey: "k" }))).toBe("idempotency_key_reused");
    expect((await meta.update("u", { unsafe: { n: 2 } }, { idempotencyKey: "k", actor: "key:ops" })).version).toBe(2);
  });

  it("is remembered for 256 changes, even where no history is kept", async () => {
    const meta = open({ history: false });
    const add = () =>
      meta.update("u", ({ unsafe: { n } }) => ({ unsafe: { n: ((n as number | undefined) ?? 0) + 1 } }), {
        idempotencyKey: "k",
      });
    await add();
    for (let i = 0; i < 255; i++) await meta.update("u", { private: { i } });
    expect((await add()).unsafe).toEqual({ n: 1 });
  });
});

/** A memory store whose writes are answered as `answer` says. */
function faulty(
  answer: (
    real: () => Promise<readonly PutResult[]>,
    call: number,
    puts: readonly Put[],
  ) => Promise<readonly PutResult[]>,
): MetadataStore {
  const store = memoryStore();
  let calls = 0;
  return { ...store, write: (puts) => answer(() => store.write(puts), calls++, puts) };
}

describe("A store that fails", () => {
  const increment = (meta: ReturnType<typeof open>) =>
    meta.update("u", ({ private: { n } }) => ({ private: { n: ((n as number | undefined) ?? 0) + 1 } }));

  it("after writing, without saying so, is asked again, and the write happens once", async () => {
    const store = faulty(async (real, call) => {
      const results = await real();
      return call === 0 ? ["unknown"] : results;
    });
    expect(await increment(open({ store }))).toMatchObject({ version: 1, private: { n: 1 } });
  });

  it("before writing, without saying so, is asked again, and the write happens once", async () => {
    const store = faulty(async (real, call) => (call === 0 ? ["unknown"] : real()));
    expect(await increment(open({ store }))).toMatchObject({ version: 1, private: { n: 1 } });
  });

  it("and never says, gives outcome_unknown", async () => {
    const store = faulty(async () => ["unknown"]);
    expect(await code(increment(open({ store, deadline: 30 })))).toBe("outcome_unknown");
  });

  it("by hanging gives outcome_unknown for writes and store_unavailable for reads, within the deadline", async () => {
    const never = new Promise<never>(() => undefined);
    const writing = { ...memoryStore(), write: () => never };
    const reading = { ...memoryStore(), read: () => never, list: () => never, ping: () => never, erase: () => never };
    const started = performance.now();
    expect(await code(increment(open({ store: writing, deadline: 50 })))).toBe("outcome_unknown");
    const hung = open({ store: reading, deadline: 50 });
    expect(await Promise.all([hung.get("u"), hung.get("v"), hung.ping(), hung.erase("u")].map(code))).toEqual([
      "store_unavailable",
      "store_unavailable",
      "store_unavailable",
      "outcome_unknown",
    ]);
    expect(performance.now() - started).toBeLessThan(1000);
  });

  it("because others always come first gives write_contention", async () => {
    const store = faulty(async () => ["conflict"]);
    expect(await code(increment(open({ store, deadline: 30 })))).toBe("write_contention");
  });

  it("on a batch as a whole is asked one by one, so that one bad write does not fail the others", async () => {
    const store = faulty(async (real, _call, puts) => {
      if (puts.some(({ next }) => next.userId === "bad")) throw new Error("poison");
      return real();
    });
    const meta = open({ store });
    const results = await Promise.all(["a", "bad", "b"].map((id) => code(meta.update(id, { unsafe: { id } }))));
    expect(results).toEqual(["done", "Error: poison", "done"]);
  });

  it("is not asked one by one when it cannot be reached at all", async () => {
    let calls = 0;
    const store = faulty(async () => {
      calls++;
      throw new UserMetaError("store_unavailable", "down");
    });
    const meta = open({ store });
    const results = await Promise.all(["a", "b", "c"].map((id) => code(meta.update(id, { unsafe: { id } }))));
    expect(results).toEqual(Array(3).fill("store_unavailable"));
    expect(calls).toBe(1);
  });
});

describe("Waiting for other writes to the same user", () => {
  it("ends at the deadline, however many wait", async () => {
    const never = new Promise<never>(() => undefined);
    const meta = open({ store: { ...memoryStore(), read: () => never }, deadline: 100 });
    const started = performance.now();
    const codes = await Promise.all(Array.from({ length: 10 }, () => code(increment(meta))));
    expect(performance.now() - started).toBeLessThan(1000);
    expect(new Set(codes)).toEqual(new Set(["store_unavailable", "write_contention"]));
  });

  it("keeps an erasure that comes late from taking a write that was acknowledged after it", async () => {
    const store = memoryStore();
    const slow = {
      ...store,
      erase: (id: string) => new Promise((r) => setTimeout(r, 150)).then(() => store.erase(id)),
    };
    const meta = open({ store: slow, deadline: 50 });
    await meta.update("u", { unsafe: { a: 1 } });
    expect(await code(meta.erase("u"))).toBe("outcome_unknown");
    expect(await code(meta.update("u", { unsafe: { b: 1 } }))).toBe("write_contention");
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(await meta.update("u", { unsafe: { b: 1 } })).toMatchObject({ version: 1, unsafe: { b: 1 } });
  });

  const increment = (meta: ReturnType<typeof open>) => meta.update("u", () => ({ private: { n: 1 } }));
});

describe("What does not exist", () => {
  it.each([
    ["a scope to clear", (meta: ReturnType<typeof open>) => meta.clear("u", "unsaef" as "unsafe")],
    ["a merge", (meta: ReturnType<typeof open>) => meta.update("u", {}, { merge: "depp" as "deep" })],
    ["an option", (meta: ReturnType<typeof open>) => meta.update("u", {}, { ifmatch: '"x"' } as object)],
    [
      "a kind of value",
      (meta: ReturnType<typeof open>) => meta.update("u", {}, { ifAbsent: "yes" as unknown as true }),
    ],
    ["a kind of note", (meta: ReturnType<typeof open>) => meta.update("u", {}, { actor: null as unknown as string })],
  ])("%s is refused, instead of being taken for something else", async (_what, call) => {
    const meta = open();
    expect(await code(Promise.resolve().then(() => call(meta)))).toBe("invalid_request");
    expect((await meta.get("u")).version).toBe(0);
  });
});

describe("Gathering", () => {
  it("asks for everything that waits in one batch, each user once, at most 100 at a time", async () => {
    const store = memoryStore();
    const batches: number[] = [];
    const meta = open({
      store: {
        ...store,
        read: (ids) => {
          batches.push(ids.length);
          return store.read(ids);
        },
      },
    });
    await meta.getMany([...Array.from({ length: 150 }, (_, i) => `u${i}`), "u0", "u1"]);
    expect(batches).toEqual([100, 50]);
  });

  it("writes of many users take as many round trips as there are hundreds of them", async () => {
    const batches: number[] = [];
    const store = faulty(async (real, _call, puts) => {
      batches.push(puts.length);
      return real();
    });
    const meta = open({ store });
    await Promise.all(Array.from({ length: 200 }, (_, i) => meta.update(`u${i}`, { unsafe: { i } })));
    expect(batches).toEqual([100, 100]);
  });
});

describe("A schema", () => {
  const schema = {
    unsafe: z.object({ theme: z.enum(["light", "dark"]).optional(), size: z.number().default(3).optional() }).strict(),
  };

  it("checks the result, points to what is wrong, and changes nothing", async () => {
    const meta = createUserMeta({ store: memoryStore(), verifier, schema });
    await meta.update("u", { unsafe: { theme: "dark" } });
    const refused = meta.update("u", { unsafe: { theme: "blue" as never } });
    await expect(refused).rejects.toMatchObject({ code: "schema_mismatch", status: 422, pointer: "/unsafe/theme" });
    expect((await meta.get("u")).unsafe).toEqual({ theme: "dark" });
  });

  it("never transforms: a default is not filled in", async () => {
    const meta = createUserMeta({ store: memoryStore(), verifier, schema });
    expect((await meta.update("u", { unsafe: { theme: "dark" } })).unsafe).toEqual({ theme: "dark" });
  });

  it("cannot change what is stored, also where its library writes into what it is given", async () => {
    const validate = (value: unknown) => {
      Object.assign(value as object, { injected: "x".repeat(9000) });
      return { value };
    };
    const mutating = { "~standard": { version: 1, vendor: "test", validate } } as const;
    const meta = createUserMeta({ store: memoryStore(), verifier, schema: { unsafe: mutating as never } });
    expect((await meta.update("u", { unsafe: { a: 1 } } as never)).unsafe).toEqual({ a: 1 });
  });

  it("cannot stand in the way of clearing", async () => {
    const strict = { unsafe: z.object({ name: z.string() }) };
    const meta = createUserMeta({ store: memoryStore(), verifier, schema: strict });
    await meta.update("u", { unsafe: { name: "Ada" } });
    expect((await meta.clear("u", "unsafe")).unsafe).toEqual({});
  });
});

describe("Listing", () => {
  it("pages through every user by the bytes of the id, and searches declared indexes only", async () => {
    const meta = open({ store: memoryStore({ indexes: ["public.plan"] }) });
    const ids = Array.from({ length: 230 }, (_, i) => `user-${String(i).padStart(3, "0")}`);
    for (const [i, id] of ids.entries()) await meta.update(id, { public: { plan: i % 2 ? "pro" : "free" } });
    const all: string[] = [];
    for await (const { userId } of meta.list()) all.push(userId);
    expect(all).toEqual(ids);
    let pro = 0;
    for await (const record of meta.list({ where: { "public.plan": "pro" } }))
      pro += record.public["plan"] === "pro" ? 1 : 1000;
    expect(pro).toBe(115);
    const search = async (where: object) => {
      for await (const record of meta.list({ where: where as never })) void record;
    };
    expect(await code(search({ "public.other": 1 }))).toBe("unindexed_path");
    expect(await code(search({ plan: 1 }))).toBe("invalid_query");
    expect(await code(search({ "public.plan": { like: "p%" } }))).toBe("invalid_query");
    expect(await code(meta.records.list({ cursor: "%%%", limit: 1 }))).toBe("invalid_cursor");
  });
});

describe("Bad configuration", () => {
  it.each([
    [{ store: undefined }],
    [{ verifier: undefined }],
    [{ limits: { characters: { unsafe: 0 } } }],
    [{ limits: { characters: { unsafe: 20_000 } } }],
    [{ limits: { characters: { unsafe: 50_000_000 }, bodyBytes: 1e9 } }],
    [{ limits: { depth: 1.5 } }],
    [{ deadline: 0 }],
    [{ origins: ["https://app.example/"] }],
    [{ cookie: { name: "a b" } }],
    [{ schema: { unsafe: {} } }],
    [{ history: { entries: -1 } }],
    [{ origin: "https://app.example" }],
    [{ limits: { chars: 5 } }],
    [{ limits: { characters: { unsave: 5 } } }],
    [{ limits: { characters: 500 } }],
    [{ history: { masks: ["/private/ssn"] } }],
    [{ history: true }],
    [{ cookie: {} }],
    [{ cookie: "session" }],
    [{ cache: { second: 5 } }],
    [{ deadline: 2 ** 31 }],
    [{ clock: 5 }],
  ])("%j is refused at the start, with what to change", (options) => {
    expect(() => open(options as never)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});

it("Histories: any sequence of edits leaves what the merge laws say, one version and one entry per change", async () => {
  const value = fc.oneof(fc.integer(), fc.constant(null), fc.constantFrom<object>({ a: 1 }, { b: { c: null } }, [1]));
  const changes = fc.dictionary(fc.constantFrom("a", "b", "c"), value, { maxKeys: 3, noNullPrototype: true });
  const step = fc.record({
    scope: fc.constantFrom("public", "private", "unsafe"),
    merge: fc.constantFrom("shallow", "deep", "replace"),
    changes,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      const meta = open();
      let versions = 0;
      for (const { scope, merge, changes: change } of steps) {
        const before = await meta.get("u");
        const after = await meta.update("u", { [scope]: change }, { merge: merge as "shallow" });
        const changed = JSON.stringify(before) !== JSON.stringify(after);
        if (changed) versions++;
        expect(after.version).toBe(versions);
      }
      let entries = 0;
      for await (const change of meta.history("u")) expect(change.version).toBe(versions - entries++);
      expect(entries).toBe(versions);
    }),
    { numRuns: 200 },
  );
});
