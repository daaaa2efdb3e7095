import { createUserMeta, type MetadataStore, memoryStore, type UserMeta } from "@usermeta/core";
import { beforeEach, expect, it } from "vitest";

const verifier = () => Promise.reject(new Error("no sessions here"));
const increment = ({ private: { n = 0 } }: Awaited<ReturnType<UserMeta["get"]>>) => ({ private: { n: Number(n) + 1 } });

/** How often the store was asked. */
let reads = 0;
let writes = 0;
let store: MetadataStore;
let meta: UserMeta;
beforeEach(() => {
  const memory = memoryStore();
  store = {
    ...memory,
    read: (userIds) => {
      reads++;
      return memory.read(userIds);
    },
    write: (puts) => {
      writes++;
      return memory.write(puts);
    },
  };
  meta = createUserMeta({ store, verifier });
  [reads, writes] = [0, 0];
});

const all = (works: readonly Promise<unknown>[]) => Promise.allSettled(works);

it("writes to one user that wait for each other read the record once", async () => {
  await all(Array.from({ length: 10 }, () => meta.update("bob", increment)));
  expect([reads, writes]).toEqual([1, 10]);
  expect(await meta.get("bob")).toMatchObject({ private: { n: 10 }, version: 10 });
});

it("of writes that are conditional on one version, those that come too late are refused unread", async () => {
  const results = await all(Array.from({ length: 5 }, () => meta.update("bob", increment, { ifMatch: '"0"' })));
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", ...Array(4).fill("rejected")]);
  expect([reads, writes]).toEqual([1, 1]);
});

it("of writes that repeat one request, all but the first are told that it was carried out", async () => {
  const once = () => meta.update("bob", increment, { ifMatch: '"0"', idempotencyKey: "once" });
  const results = await all([once(), once(), once()]);
  expect(results.map(({ status }) => status)).toEqual(Array(3).fill("fulfilled"));
  expect(await meta.get("bob")).toMatchObject({ private: { n: 1 }, version: 1 });
});

it("a write that begins later reads the record again", async () => {
  await meta.update("bob", increment);
  await createUserMeta({ store, verifier }).update("bob", increment);
  await meta.update("bob", increment);
  expect(reads).toBe(3);
  expect(await meta.get("bob")).toMatchObject({ private: { n: 3 } });
});

it("a write that begins after another was sent does not go by what that one wrote", async () => {
  const { promise: heard, resolve: hear } = Promise.withResolvers<void>();
  const { promise: done, resolve: finish } = Promise.withResolvers<void>();
  const slow: MetadataStore = {
    ...store,
    write: async (puts) => {
      const results = await store.write(puts);
      finish();
      await heard;
      return results;
    },
  };
  const here = createUserMeta({ store: slow, verifier });
  const first = here.update("bob", increment);
  await done;
  const { etag } = await meta.update("bob", increment); // another process is faster than the answer
  const second = here.update("bob", increment, { ifMatch: etag });
  hear();
  expect((await Promise.all([first, second])).map(({ version }) => version)).toEqual([1, 3]);
});

it("a write that waits for an erasure finds nothing", async () => {
  await meta.update("bob", { private: { n: 5 } });
  const [, , record] = await Promise.all([
    meta.update("bob", increment),
    meta.erase("bob"),
    meta.update("bob", increment),
  ]);
  expect(record).toMatchObject({ private: { n: 1 }, version: 1 });
});
