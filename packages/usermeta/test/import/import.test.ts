import { type Change, type MetadataStore, memoryStore, type UserMeta, UserMetaError } from "@usermeta/core";
import { describe, expect, it } from "vitest";
import { openCheckpoint } from "../../src/import/checkpoint.ts";
import { file, importInto, metaOn } from "./sources.ts";

const lines = (count: number, plan = "pro"): string =>
  Array.from({ length: count }, (_, i) => `{"userId":"user_${i}","public":{"plan":"${plan}"}}\n`).join("");

async function changesOf(meta: UserMeta, userId: string): Promise<readonly Change[]> {
  const changes: Change[] = [];
  for await (const change of meta.history(userId)) changes.push(change);
  return changes;
}

/** A store that does what is said instead of its n-th write, from 1. */
function interrupted(
  store: MetadataStore,
  instead: (write: number, puts: () => Promise<unknown>) => unknown,
): MetadataStore {
  let writes = 0;
  return {
    ...store,
    write: async (puts) => {
      writes++;
      const answer = await instead(writes, () => store.write(puts));
      return (answer ?? store.write(puts)) as ReturnType<MetadataStore["write"]>;
    },
  };
}

describe("An import", () => {
  it("says of each row whether it created, changed, or found things as they are", async () => {
    const meta = metaOn();
    await meta.update("user_1", { public: { plan: "free" } });
    await meta.update("user_2", { public: { plan: "pro" } });
    const { tally } = await importInto(meta, file("users.ndjson", lines(5)));
    expect(tally).toEqual({ created: 3, changed: 1, unchanged: 1, repeated: 0, refused: 0 });
  });

  it("is told in the change log, with who and why", async () => {
    const meta = metaOn();
    await importInto(meta, file("users.ndjson", lines(1)), { actor: "ops", reason: "the move from Clerk" });
    expect(await changesOf(meta, "user_0")).toMatchObject([
      { kind: "import", actor: "ops", reason: "the move from Clerk", changes: [{ path: "/public/plan", to: "pro" }] },
    ]);
  });

  it("replaces the scopes that a row names and leaves the others, or merges into them", async () => {
    const path = file("users.ndjson", '{"userId":"u","public":{"a":{"x":1},"b":null}}\n');
    const results = await Promise.all(
      (["replace", "shallow", "deep"] as const).map(async (merge) => {
        const meta = metaOn();
        await meta.update("u", { public: { a: { y: 2 }, b: 1, c: 1 }, unsafe: { theme: "dark" } });
        await importInto(meta, path, { merge });
        return meta.get("u");
      }),
    );
    expect(results.map((record) => record.public)).toEqual([
      { a: { x: 1 }, b: null },
      { a: { x: 1 }, c: 1 },
      { a: { x: 1, y: 2 }, c: 1 },
    ]);
    expect(results.map((record) => record.unsafe)).toEqual(Array(3).fill({ theme: "dark" }));
  });

  it("writes the rows of one user in their order", async () => {
    const meta = metaOn();
    const rows = Array.from({ length: 300 }, (_, i) => `{"userId":"${i % 2 ? "a" : "b"}","public":{"row":${i}}}`);
    const { tally } = await importInto(meta, file("users.ndjson", rows.join("\n")));
    expect(tally).toMatchObject({ created: 2, changed: 298 });
    expect((await meta.getMany(["a", "b"])).map((record) => record.public)).toEqual([{ row: 299 }, { row: 298 }]);
    expect((await meta.get("a")).version).toBe(150);
  });

  it("stops at the first row that is refused when it is strict, and meets it again", async () => {
    const meta = metaOn();
    const path = file("users.ndjson", `${lines(2)}{}\n${lines(4)}`);
    const checkpoint = () => openCheckpoint(path, ["strict"]);
    for (const unchanged of [0, 0])
      expect(await importInto(meta, path, { strict: true, checkpoint: checkpoint() })).toMatchObject({
        end: "refused",
        row: 2,
        tally: { created: 2, unchanged },
      });
    expect((await meta.get("user_3")).version).toBe(0);
  });

  it("ends after the batch under way when it is interrupted, and goes on from there", async () => {
    const store = memoryStore();
    const path = file("users.ndjson", lines(25_000));
    const interrupt = new AbortController();
    const first = await importInto(metaOn(store), path, {
      checkpoint: openCheckpoint(path, ["interrupt"]),
      signal: interrupt.signal,
      onProgress: () => interrupt.abort(),
    });
    expect(first.end).toBe("stopped");
    expect(first.row).toBeGreaterThan(0);
    const second = await importInto(metaOn(store), path, { checkpoint: openCheckpoint(path, ["interrupt"]) });
    expect(second).toMatchObject({ end: "finished", row: 25_000, tally: { created: 25_000, repeated: 0 } });
    // The command removes it when the store is closed: who is killed before that has nothing left to do.
    const third = await importInto(metaOn(store), path, { checkpoint: openCheckpoint(path, ["interrupt"]) });
    expect(third).toEqual(second);
  });

  it("writes nothing twice when it dies after a write that it never heard of", async () => {
    const store = memoryStore();
    const path = file("users.ndjson", lines(250));
    const checkpoint = () => openCheckpoint(path, ["dies"]);
    const dying = interrupted(store, async (write, puts) => {
      if (write < 2) return undefined;
      if (write === 2) await puts(); // it happens, and nobody hears of it
      throw new Error("killed");
    });
    // As after a kill, nothing that the first run learnt is saved but its name.
    const begun = checkpoint();
    const forgetful = {
      ...begun,
      save: (position: Parameters<typeof begun.save>[0]) => position.row === 0 && begun.save(position),
    };
    await expect(importInto(metaOn(dying), path, { checkpoint: forgetful as typeof begun })).rejects.toThrow();
    const meta = metaOn(store);
    const { tally } = await importInto(meta, path, { checkpoint: checkpoint() });
    expect(tally.created + tally.repeated).toBe(250);
    expect(tally.repeated).toBeGreaterThanOrEqual(100);
    for (let i = 0; i < 250; i++) expect(await changesOf(meta, `user_${i}`)).toHaveLength(1);
  });

  it("does not undo what users did since, when their row comes a second time", async () => {
    const store = memoryStore();
    const path = file("users.ndjson", lines(1));
    const begun = openCheckpoint(path, ["again"]);
    begun.save({ run: "run", row: 0, tally: { created: 0, changed: 0, unchanged: 0, repeated: 0, refused: 0 } });
    const again = () => ({ ...openCheckpoint(path, ["again"]), remove: () => {}, save: () => {} });
    const meta = metaOn(store);
    await importInto(meta, path, { checkpoint: again() });
    await meta.update("user_0", { public: { plan: "enterprise" } });
    const { tally } = await importInto(meta, path, { checkpoint: again() });
    expect(tally.repeated).toBe(1);
    expect((await meta.get("user_0")).public).toEqual({ plan: "enterprise" });
  });

  it("begins again when the store is not the one that the checkpoint speaks of", async () => {
    const path = file("users.ndjson", lines(10_500));
    const interrupt = new AbortController();
    const options = { signal: interrupt.signal, onProgress: () => interrupt.abort() };
    await importInto(metaOn(), path, { ...options, checkpoint: openCheckpoint(path, ["other"]) });
    const meta = metaOn();
    const { tally } = await importInto(meta, path, { checkpoint: openCheckpoint(path, ["other"]) });
    expect(tally.created).toBe(10_500);
  });

  it("waits for a store that is out of reach for a while, and repeats what may have happened", async () => {
    const store = memoryStore();
    const meta = metaOn(
      interrupted(store, async (write, puts) => {
        if (write > 4) return undefined;
        if (write % 2 === 1) throw new UserMetaError("store_unavailable", "the store is out of reach");
        await puts();
        throw new UserMetaError("outcome_unknown", "the connection broke");
      }),
    );
    const { tally } = await importInto(meta, file("users.ndjson", lines(50)));
    expect(tally.created + tally.repeated).toBe(50);
    for (let i = 0; i < 50; i++) expect(await changesOf(meta, `user_${i}`)).toHaveLength(1);
  });

  it("reads and writes a hundred users at a time", async () => {
    const store = memoryStore();
    const calls = { read: 0, write: 0 };
    const counted: MetadataStore = {
      ...store,
      read: (userIds) => {
        calls.read++;
        return store.read(userIds);
      },
      write: (puts) => {
        calls.write++;
        return store.write(puts);
      },
    };
    await importInto(metaOn(counted), file("users.ndjson", lines(1_000)));
    expect(calls).toEqual({ read: 10, write: 10 });
  });
});
