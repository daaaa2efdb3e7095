import { setTimeout } from "node:timers/promises";
import { createUserMeta, type UserMeta, UserMetaError } from "@usermeta/core";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { collect } from "./faults/open.ts";
import { type RunningStore, storeKinds } from "./stores.ts";

// The same random histories on every store: equal results, equal error codes (security reference E14).
const runs = Number(process.env["USERMETA_HISTORIES"] ?? 10_000);
const seed = 20_261_120; // fixed, so that a failure is the same for everybody
const together = 100;

const key = fc.constantFrom("a", "b", "é", "a.b", "constructor");
const value = fc.oneof(
  fc.constantFrom<unknown>(null, 0, 1, 1.5, true, "", "text", "😀", [], [1, null], {}, { x: null }, { x: { y: 1 } }),
  fc.constant("x".repeat(1200)),
);
const document = fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true });
const scope = fc.constantFrom("public" as const, "private" as const, "unsafe" as const);
const idempotencyKey = fc.option(fc.constantFrom("k1", "k2"), { nil: undefined, freq: 4 });
/** Which of the record's states an operation is conditional on: none, the present one, one of the past, or absence. */
const condition = fc.constantFrom("none", "none", "none", "present", "past", "any", "absent");
const merge = fc.constantFrom("shallow" as const, "deep" as const, "replace" as const);

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant("update" as const), scope, document, merge, idempotencyKey, condition }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("both" as const), document, merge }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("patch" as const),
      scope,
      key,
      value,
      op: fc.constantFrom("add", "remove", "replace", "test"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("append" as const), scope, key }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant("clear" as const), scope: fc.option(scope, { nil: undefined }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("revert" as const), back: fc.nat({ max: 3 }) }) },
  { weight: 1, arbitrary: fc.constant({ do: "erase" as const }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What a history came to, without what is random in it. */
async function play(meta: UserMeta, userId: string, steps: readonly Step[]): Promise<readonly unknown[]> {
  const results: unknown[] = [];
  const etags: string[] = [];
  for (const one of steps) {
    try {
      await persistently(() => carryOut(meta, userId, one, etags));
      results.push("done");
    } catch (error) {
      if (!(error instanceof UserMetaError)) throw error;
      results.push(error.code);
    }
    const { etag, ...record } = await persistently(() => meta.get(userId));
    etags.push(etag);
    results.push(record);
  }
  for (const { id: _, ...change } of await persistently(() => collect(meta.history(userId)))) results.push(change);
  return results;
}

/** Again while the store is too busy, e.g. an emulator on a busy machine: nothing was written then. */
async function persistently<T>(operation: () => Promise<T>, code = "store_unavailable"): Promise<T> {
  for (;;)
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof UserMetaError && error.code === code)) throw error;
      await setTimeout(100);
    }
}

async function carryOut(meta: UserMeta, userId: string, one: Step, etags: readonly string[]): Promise<void> {
  switch (one.do) {
    case "update": {
      const named: Readonly<Record<string, string>> = {
        present: etags.at(-1) ?? '"0"',
        past: etags[0] ?? '"x"',
        any: "*",
      };
      const ifMatch = named[one.condition];
      await meta.update(userId, { [one.scope]: one.document } as object, {
        merge: one.merge as "shallow",
        ...(ifMatch !== undefined && { ifMatch }),
        ...(one.condition === "absent" && { ifAbsent: true }),
        ...(one.idempotencyKey !== undefined && { idempotencyKey: one.idempotencyKey }),
      });
      break;
    }
    case "both":
      await meta.update(userId, { public: one.document, unsafe: one.document } as object, {
        merge: one.merge as "shallow",
      });
      break;
    case "patch":
      await meta.patch(userId, [{ op: one.op, path: `/${one.scope}/${one.key}`, value: one.value } as never]);
      break;
    case "append":
      await meta.update(
        userId,
        (record) => ({ [one.scope]: { [one.key]: [record[one.scope][one.key] ?? null] } }) as object,
      );
      break;
    case "clear":
      await meta.clear(userId, one.scope);
      break;
    case "revert": {
      let back = one.back;
      for await (const { id } of meta.history(userId)) if (back-- === 0) return void (await meta.revert(userId, id));
      break;
    }
    case "erase":
      await persistently(() => meta.erase(userId), "outcome_unknown"); // twice is as good as once
  }
}

const histories = fc.sample(fc.array(step, { minLength: 1, maxLength: 10 }), { numRuns: runs, seed });
const running = new Map<string, RunningStore | string>();
let expected: readonly (readonly unknown[])[] = [];

async function playAll(store: RunningStore): Promise<readonly (readonly unknown[])[]> {
  const opened = await store.open({ namespace: "histories", indexes: [] });
  let now = Date.UTC(2026, 0, 1);
  const verifier = () => {
    throw new Error("no session is verified here");
  };
  // Histories of one batch run together, so that batches of different users are made all the time; the clock stands still in it.
  const meta = createUserMeta({ store: opened, verifier, clock: () => now, history: { entries: 5 }, deadline: 20_000 });
  const results: (readonly unknown[])[] = [];
  for (let i = 0; i < histories.length; i += together) {
    const batch = histories.slice(i, i + together).map((steps, n) => play(meta, `user-${i + n}`, steps));
    results.push(...(await Promise.all(batch)));
    now += 1000;
  }
  await meta.close();
  return results;
}

beforeAll(async () => {
  for (const kind of storeKinds) running.set(kind.name, await kind.start());
  expected = await playAll(running.get("memory") as RunningStore);
}, 300_000);
afterAll(async () => {
  for (const store of running.values()) if (typeof store !== "string") await store.stop();
});

it("histories of every outcome occur", () => {
  const seen = new Set(expected.flat().filter((result) => typeof result === "string"));
  const wanted = [
    "done",
    "version_conflict",
    "scope_too_large",
    "invalid_patch",
    "patch_test_failed",
    "change_not_revertible",
    "idempotency_key_reused",
  ];
  expect([...seen]).toEqual(expect.arrayContaining(wanted));
});

for (const { name } of storeKinds.filter((kind) => kind.name !== "memory"))
  it(`${runs.toLocaleString("en")} random histories come to the same on ${name} as in memory`, async (context) => {
    const store = running.get(name) ?? "not started";
    if (typeof store === "string") return context.skip(store);
    const results = await playAll(store);
    for (const [i, result] of results.entries()) expect(result, JSON.stringify(histories[i])).toEqual(expected[i]);
  }, 600_000);
