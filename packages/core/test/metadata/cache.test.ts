import { describe, expect, it } from "vitest";
import { createUserMeta, type MetadataStore, memoryStore, type UserMetaOptions } from "../../src/index.ts";

const verifier = () => {
  throw new Error("no session is verified here");
};
type Listener = Parameters<NonNullable<MetadataStore["watch"]>>[0];

/** Two processes on one store, the first with a cache. `tell` is what the store tells the first about the other. */
function twoProcesses(cache: UserMetaOptions["cache"] = { seconds: 60 }) {
  const store = memoryStore();
  let reads = 0;
  let tell: Listener = () => undefined;
  const counted: MetadataStore = {
    ...store,
    read: (ids) => {
      reads += ids.length;
      return store.read(ids);
    },
    watch: (listener) => {
      tell = listener;
      return () => {
        tell = () => undefined;
      };
    },
  };
  return {
    cached: createUserMeta({ store: counted, verifier, ...(cache && { cache }) }),
    other: createUserMeta({ store, verifier }),
    reads: () => reads,
    tell: (event: Parameters<Listener>[0]) => tell(event),
  };
}

/** A store whose first read has its answer from the start and gives it only after `release`. */
function heldRead() {
  const store = memoryStore();
  const held = Promise.withResolvers<void>();
  let isFirst = true;
  const slow: MetadataStore = {
    ...store,
    read: async (ids) => {
      const wait = isFirst ? held.promise : undefined;
      isFirst = false;
      const records = await store.read(ids);
      await wait;
      return records;
    },
  };
  return { store, slow, release: held.resolve };
}

/** A store that writes at once and answers only after `release`. */
function heldWrite() {
  const store = memoryStore();
  const held = Promise.withResolvers<void>();
  const slow: MetadataStore = {
    ...store,
    write: async (puts) => {
      const results = await store.write(puts);
      await held.promise;
      return results;
    },
  };
  return { store, slow, release: held.resolve };
}

describe("The record cache", () => {
  it("answers a second read without the store, and unknown users too", async () => {
    const { cached, reads } = twoProcesses();
    for (let i = 0; i < 3; i++) expect((await cached.get("u")).version).toBe(0);
    expect(reads()).toBe(1);
  });

  it("always shows what this process wrote, cleared or erased", async () => {
    const { cached } = twoProcesses();
    await cached.get("u");
    await cached.update("u", { unsafe: { a: 1 } });
    expect((await cached.get("u")).unsafe).toEqual({ a: 1 });
    await cached.clear("u");
    expect((await cached.get("u")).unsafe).toEqual({});
    await cached.erase("u");
    expect((await cached.get("u")).version).toBe(0);
  });

  it("forgets a user, or everybody, when the store tells of other writes", async () => {
    const { cached, other, tell } = twoProcesses();
    await cached.getMany(["u", "v"]);
    await other.update("u", { unsafe: { a: 1 } });
    await other.update("v", { unsafe: { a: 1 } });
    expect((await cached.get("u")).version).toBe(0);
    tell({ userId: "u" });
    expect((await cached.get("u")).version).toBe(1);
    expect((await cached.get("v")).version).toBe(0);
    tell("gap");
    expect((await cached.get("v")).version).toBe(1);
  });

  it("is never older than its bound", async () => {
    const { cached, other } = twoProcesses({ seconds: 0.05 });
    await cached.get("u");
    await other.update("u", { unsafe: { a: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 80));
    expect((await cached.get("u")).version).toBe(1);
  });

  it("is not what writes start from: nothing is lost, no precondition is judged by it, nothing is taken for unchanged", async () => {
    const { cached, other } = twoProcesses();
    await cached.update("u", { unsafe: { a: 1 } });
    const { etag } = await other.update("u", { unsafe: { a: 2, b: 2 } });
    expect((await cached.get("u")).unsafe).toEqual({ a: 1 });
    expect((await cached.update("u", { unsafe: { a: 1 } }, { ifMatch: etag })).unsafe).toEqual({ a: 1, b: 2 });
  });

  it("does not keep a read that a write has overtaken", async () => {
    const { store, slow, release } = heldRead();
    const cached = createUserMeta({ store: slow, verifier, cache: { seconds: 60 } });
    const reading = cached.get("u");
    await new Promise((resolve) => setTimeout(resolve, 10));
    await cached.erase("u");
    await createUserMeta({ store, verifier }).update("u", { unsafe: { a: 1 } });
    release();
    expect((await reading).version).toBe(0);
    expect((await cached.get("u")).version).toBe(1);
  });

  it("does not go back to an own write whose answer comes after that of a read that saw more", async () => {
    const { store, slow, release } = heldWrite();
    const cached = createUserMeta({ store: slow, verifier, cache: { seconds: 60 } });
    const writing = cached.update("u", { unsafe: { a: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 10));
    await createUserMeta({ store, verifier }).update("u", { unsafe: { a: 2 } });
    expect((await cached.get("u")).version).toBe(2);
    release();
    expect((await writing).version).toBe(1);
    expect((await cached.get("u")).version).toBe(2);
  });

  it("does not go back to an own write whose answer comes after that of a read that saw it erased", async () => {
    const { store, slow, release } = heldWrite();
    const cached = createUserMeta({ store: slow, verifier, cache: { seconds: 60 } });
    const writing = cached.update("u", { unsafe: { a: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 10));
    await createUserMeta({ store, verifier }).erase("u");
    expect((await cached.get("u")).version).toBe(0);
    release();
    expect((await writing).version).toBe(1);
    expect((await cached.get("u")).version).toBe(0);
  });

  it("keeps as many records as it is told to, those used last", async () => {
    const { cached, reads } = twoProcesses({ seconds: 60, records: 2 });
    for (const id of ["a", "b", "a", "c", "a"]) await cached.get(id);
    expect(reads()).toBe(3);
    await cached.get("b");
    expect(reads()).toBe(4);
  });

  it.each([{ seconds: 0 }, { seconds: Number.NaN }, { seconds: 1, records: 0 }])("is not configured by %j", (cache) => {
    expect(() => twoProcesses(cache)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });
});
