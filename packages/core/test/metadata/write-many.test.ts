import { createUserMeta, type KeyedWrite, type MetadataStore, memoryStore, UserMetaError } from "@usermeta/core";
import { mergeEdit } from "@usermeta/core/routes";
import { describe, expect, it } from "vitest";

const noSessions = async (): Promise<never> => Promise.reject(new Error("no session is verified here"));

/** A store that counts its calls, and fails as it is told. */
function counted(fail: (write: number) => Error | undefined = () => undefined) {
  const store = memoryStore();
  const calls = { read: 0, write: 0 };
  const counting: MetadataStore = {
    ...store,
    read: (userIds) => {
      calls.read++;
      return store.read(userIds);
    },
    write: async (puts) => {
      const error = fail(++calls.write);
      const results = await store.write(puts); // it happens, whatever is heard of it
      if (error !== undefined) throw error;
      return results;
    },
  };
  return { calls, store, meta: createUserMeta({ store: counting, verifier: noSessions }) };
}

const { records } = createUserMeta({ store: memoryStore(), verifier: noSessions });
const write = (userId: string, unsafe: object, idempotencyKey: string): KeyedWrite => ({
  userId,
  edit: mergeEdit("shallow", { unsafe }, records.limits),
  options: { idempotencyKey },
});

describe("Many writes", () => {
  it("take one read and one write of the store for a hundred users", async () => {
    const { calls, meta } = counted();
    const writes = Array.from({ length: 250 }, (_, i) => write(`u${i}`, { i }, `k${i}`));
    const results = await meta.records.writeMany(writes);
    expect(results.map((result) => result.status === "fulfilled" && result.value.record.version)).toEqual(
      Array(250).fill(1),
    );
    expect(calls).toEqual({ read: 3, write: 3 });
    expect((await meta.get("u249")).unsafe).toEqual({ i: 249 });
  });

  it("to one user happen in their order", async () => {
    const { meta } = counted();
    const results = await meta.records.writeMany([
      write("a", { n: 1 }, "1"),
      write("b", {}, "2"),
      write("a", { n: 2 }, "3"),
    ]);
    expect(results.every(({ status }) => status === "fulfilled")).toBe(true);
    expect(await meta.get("a")).toMatchObject({ unsafe: { n: 2 }, version: 2 });
  });

  it("fail one by one, and the others are written", async () => {
    const { meta } = counted();
    const results = await meta.records.writeMany([
      write("a", { n: 1 }, "1"),
      write(" ", { n: 1 }, "2"),
      write("b", { long: "x".repeat(3000) }, "3"),
      write("c", { n: 1 }, "a key with spaces"),
      write("d", { n: 1 }, "4"),
    ]);
    const codes = results.map((one) => (one.status === "rejected" ? (one.reason as UserMetaError).code : one.status));
    expect(codes).toEqual(["fulfilled", "invalid_user_id", "scope_too_large", "invalid_request", "fulfilled"]);
    expect((await meta.get("d")).version).toBe(1);
  });

  it("are recognised when they come again, and do not undo what came since", async () => {
    const { meta } = counted();
    await meta.records.writeMany([write("a", { n: 1 }, "1")]);
    await meta.update("a", { unsafe: { n: 2 } });
    const [again] = await meta.records.writeMany([write("a", { n: 1 }, "1")]);
    expect(again).toMatchObject({ status: "fulfilled", value: { replayed: true } });
    expect(await meta.get("a")).toMatchObject({ unsafe: { n: 2 }, version: 2 });
  });

  it("happen once when the first attempt is written and nobody hears of it", async () => {
    const { meta } = counted((n) =>
      n === 1 ? new UserMetaError("outcome_unknown", "the connection broke") : undefined,
    );
    const results = await meta.records.writeMany([write("a", { n: 1 }, "1"), write("b", { n: 1 }, "2")]);
    expect(results).toMatchObject(Array(2).fill({ status: "fulfilled", value: { replayed: true } }));
    expect((await meta.getMany(["a", "b"])).map(({ version }) => version)).toEqual([1, 1]);
  });

  it("give way to another write that comes first, and lose nothing", async () => {
    const store = memoryStore();
    const other = createUserMeta({ store, verifier: noSessions });
    let reads = 0;
    const overtaken: MetadataStore = {
      ...store,
      read: async (userIds) => {
        const found = await store.read(userIds);
        if (++reads === 1) await other.update("a", { unsafe: { other: true } });
        return found;
      },
    };
    const meta = createUserMeta({ store: overtaken, verifier: noSessions });
    const [result] = await meta.records.writeMany([write("a", { n: 1 }, "1")]);
    expect(result).toMatchObject({ status: "fulfilled", value: { replayed: false } });
    expect(await meta.get("a")).toMatchObject({ unsafe: { other: true, n: 1 }, version: 2 });
  });
});
