import { describe, expect, it } from "vitest";
import { type Change, createUserMeta, memoryStore } from "../../src/index.ts";
import { differences, resolveHistory, writeChange } from "../../src/metadata/change.ts";

const verifier = () => {
  throw new Error("no session is verified here");
};
const open = (history?: Parameters<typeof resolveHistory>[0], clock?: () => number) =>
  createUserMeta({
    store: memoryStore(),
    verifier,
    ...(history !== undefined && { history }),
    ...(clock && { clock }),
  });
const log = async (changes: AsyncIterable<Change>) => {
  const all: Change[] = [];
  for await (const change of changes) all.push(change);
  return all;
};

describe("The change log", () => {
  it("tells who changed what, from what, to what, and why", async () => {
    const meta = open();
    await meta.update("u", { public: { plan: "free" }, private: { notes: { a: 1, b: [1] } } });
    await meta.update(
      "u",
      { public: { plan: "pro" }, private: { notes: { a: 1, b: [1, 2] } } },
      { actor: "key:ops", reason: "upgrade", requestId: "r-1" },
    );
    const [change] = await log(meta.history("u"));
    expect(change).toMatchObject({
      version: 2,
      kind: "update",
      actor: "key:ops",
      reason: "upgrade",
      requestId: "r-1",
      changes: [
        { path: "/public/plan", from: "free", to: "pro" },
        { path: "/private/notes/b", from: [1], to: [1, 2] },
      ],
    });
  });

  it("has an absent from or to where nothing was", () => {
    expect(differences({ a: 1, b: null }, { b: 1, c: null }, "/unsafe")).toEqual([
      { path: "/unsafe/a", from: 1 },
      { path: "/unsafe/b", from: null, to: 1 },
      { path: "/unsafe/c", to: null },
    ]);
  });

  it("gets no entry when nothing changes by value, whatever the order of keys", async () => {
    const meta = open();
    const first = await meta.update("u", { unsafe: { a: { x: 1, y: 2 }, b: 3 } });
    for (const merge of ["shallow", "deep", "replace"] as const)
      expect(await meta.update("u", { unsafe: { b: 3, a: { y: 2, x: 1 } } }, { merge: merge as "shallow" })).toEqual(
        first,
      );
    expect(await log(meta.history("u"))).toHaveLength(1);
  });

  it("keeps as many entries as asked for, and none that are too old", async () => {
    let now = Date.UTC(2026, 0, 1);
    const meta = open({ entries: 3, days: 10 }, () => now);
    for (const n of [1, 2, 3, 4, 5]) await meta.update("u", { unsafe: { n } });
    expect((await log(meta.history("u"))).map(({ version }) => version)).toEqual([5, 4, 3]);
    now += 11 * 86_400_000;
    await meta.update("u", { unsafe: { n: 6 } });
    expect((await log(meta.history("u"))).map(({ version }) => version)).toEqual([6]);
  });

  it("can be kept not at all", async () => {
    const meta = open(false);
    await meta.update("u", { unsafe: { n: 1 } });
    expect(await log(meta.history("u"))).toEqual([]);
  });

  it("never keeps a masked value, also not inside a larger one", async () => {
    const meta = open({ mask: ["/private/kyc/ssn"] });
    await meta.update("u", { private: { kyc: { ssn: "078-05-1120" } } });
    await meta.update("u", { private: { kyc: { ssn: "219-09-9999" }, other: 1 } });
    const text = JSON.stringify(await log(meta.history("u")));
    expect(text).not.toMatch(/078|219/);
    expect(text).toContain('{"path":"/private/kyc/ssn","masked":true}');
    expect(text).toContain('{"path":"/private/other","to":1}');
  });

  it("keeps sizes instead of values in an entry above 16 KiB", () => {
    const from = "x".repeat(20_000);
    const text = writeChange({ kind: "update", actor: "server", changes: [{ path: "/unsafe/a", from }] }, []);
    expect(JSON.parse(text).changes).toEqual([{ path: "/unsafe/a", fromSize: 20_002 }]);
  });

  it.each([{ entries: -1 }, { entries: 1.5 }, { days: 0 }, { mask: ["private.ssn"] }, { mask: ["/other/x"] }])(
    "is not configured by %j",
    (options) => {
      expect(() => resolveHistory(options)).toThrow(expect.objectContaining({ code: "invalid_config" }));
    },
  );
});

describe("Reverting a change", () => {
  const code = async (promise: Promise<unknown>) =>
    promise.then(
      () => "done",
      (error: { code: string }) => error.code,
    );

  it("puts back what it changed, and leaves the rest", async () => {
    const meta = open();
    await meta.update("u", { unsafe: { a: 1, b: { c: 1 } } });
    await meta.update("u", { unsafe: { a: null, b: { c: 2 }, d: 4 } });
    await meta.update("u", { unsafe: { e: 5 } });
    const [, change] = await log(meta.history("u"));
    const record = await meta.revert("u", change?.id ?? "", { actor: "key:ops" });
    expect(record.unsafe).toEqual({ a: 1, b: { c: 1 }, e: 5 });
    expect((await log(meta.history("u")))[0]).toMatchObject({ kind: "revert", actor: "key:ops" });
  });

  it("undoes a clear", async () => {
    const meta = open();
    await meta.update("u", { unsafe: { a: 1 }, private: { b: 2 } });
    await meta.clear("u");
    const [change] = await log(meta.history("u"));
    expect(change?.kind).toBe("clear");
    expect(await meta.revert("u", change?.id ?? "")).toMatchObject({ unsafe: { a: 1 }, private: { b: 2 } });
  });

  it("is refused when a later change wrote the same place, so that nothing is lost", async () => {
    const meta = open();
    await meta.update("u", { unsafe: { a: 1 } });
    await meta.update("u", { unsafe: { a: 2 } });
    const [, first] = await log(meta.history("u"));
    expect(await code(meta.revert("u", first?.id ?? ""))).toBe("change_not_revertible");
    expect((await meta.get("u")).unsafe).toEqual({ a: 2 });
  });

  it("is refused where the log does not hold the values", async () => {
    const meta = open({ mask: ["/private/ssn"] });
    await meta.update("u", { private: { ssn: "x", other: 1 } });
    const [change] = await log(meta.history("u"));
    expect(await code(meta.revert("u", change?.id ?? ""))).toBe("change_not_revertible");
  });

  it("is refused for a change that does not exist", async () => {
    expect(await code(open().revert("u", "none"))).toBe("not_found");
  });
});
