import { memoryStore } from "@usermeta/core";
import { expect, it } from "vitest";

// The contract of all stores runs over this one too: test/stores.test.ts.

const scope = { json: '{"plan":"pro"}', version: 1, updatedAt: 1 };
const next = { userId: "bob", incarnation: "0123456789abcdef", version: 1, createdAt: 1, public: scope };
const put = {
  next: { ...next, private: { ...scope, json: "{}" }, unsafe: { ...scope, json: "{}" } },
  expected: undefined,
  change: { id: "a", version: 1, at: 1, digest: "", json: "{}" },
  retention: { entries: 10, since: 0 },
};
const plan = { scope: "public", path: ["plan"], op: "in", values: ["pro"] } as const;

it("keeps each store to itself", async () => {
  const [one, other] = [memoryStore(), memoryStore()];
  await one.write([put]);
  expect([await one.read(["bob"]), await other.read(["bob"])]).toEqual([[put.next], [undefined]]);
});

it("searches the declared indexes only", async () => {
  const store = memoryStore({ indexes: ["public.plan"] });
  await store.write([put]);
  expect(await store.list({ where: [plan], limit: 1 })).toEqual([put.next]);
  await expect(memoryStore().list({ where: [plan], limit: 1 })).rejects.toMatchObject({ code: "unindexed_path" });
});

it("forgets the ids of trimmed entries beyond the last 256", async () => {
  const store = memoryStore();
  await store.write([put]);
  const from = (version: number) => ({
    ...put,
    next: { ...put.next, version: version + 1 },
    expected: { ...put.next, version },
    change: { ...put.change, id: String(version), version: version + 1 },
  });
  for (let version = 1; version < 260; version++) expect(await store.write([from(version)])).toEqual(["written"]);
  expect(await store.write([{ ...from(260), change: { ...put.change, version: 261 } }])).toEqual(["written"]);
  expect(await store.history("bob", { limit: 100 })).toHaveLength(10);
});
