import { describe, expect, it } from "vitest";
import { resolveLimits } from "../../src/metadata/limits.ts";
import { patchEdit } from "../../src/metadata/patch.ts";
import { emptyRecord } from "../../src/metadata/record.ts";
import type { Scope } from "../../src/metadata/store.ts";

const limits = resolveLimits({}, 1e9);
const stored = {
  public: { plan: "pro" },
  private: { secret: 1 },
  unsafe: JSON.parse('{"list":[1,2],"one":1,"nothing":null,"#one":"hash","constructor":{"y":1},"a/b":{"m~n":8}}'),
};

/** What the operations make of `unsafe`, or the code they are refused with. */
function result(operations: unknown, writable?: readonly Scope[]): unknown {
  try {
    const edit = patchEdit(operations, limits, writable);
    return edit.apply(structuredClone(stored), emptyRecord("u")).unsafe;
  } catch (error) {
    return (error as { code: string }).code;
  }
}
const unsafe = (changes: Record<string, unknown>) => ({ ...stored.unsafe, ...changes });

describe("A JSON Patch (RFC 6902)", () => {
  it.each([
    ["adds a member", [{ op: "add", path: "/unsafe/new", value: { a: 1 } }], unsafe({ new: { a: 1 } })],
    ["replaces what an addition meets", [{ op: "add", path: "/unsafe/one", value: 2 }], unsafe({ one: 2 })],
    ["inserts into an array", [{ op: "add", path: "/unsafe/list/1", value: 9 }], unsafe({ list: [1, 9, 2] })],
    ["appends", [{ op: "add", path: "/unsafe/list/-", value: 9 }], unsafe({ list: [1, 2, 9] })],
    ["keeps null as data", [{ op: "replace", path: "/unsafe/one", value: null }], unsafe({ one: null })],
    [
      "moves",
      [{ op: "move", from: "/unsafe/one", path: "/unsafe/list/0" }],
      unsafe({ one: undefined, list: [1, 1, 2] }),
    ],
    [
      "copies by value",
      [
        { op: "copy", from: "/unsafe/list", path: "/unsafe/l2" },
        { op: "add", path: "/unsafe/l2/-", value: 3 },
      ],
      unsafe({ l2: [1, 2, 3] }),
    ],
    ["escapes ~ and /", [{ op: "replace", path: "/unsafe/a~1b/m~0n", value: 9 }], unsafe({ "a/b": { "m~n": 9 } })],
    [
      "reaches keys that objects inherit",
      [{ op: "add", path: "/unsafe/constructor/x", value: 1 }],
      unsafe({ constructor: { y: 1, x: 1 } }),
    ],
    [
      "ignores members that the RFC does not define",
      [{ op: "replace", path: "/unsafe/one", value: 2, xyz: 1 }],
      unsafe({ one: 2 }),
    ],
    [
      "uses each operation's value afresh",
      [
        { op: "add", path: "/unsafe/n", value: {} },
        { op: "add", path: "/unsafe/n/a", value: 1 },
      ],
      unsafe({ n: { a: 1 } }),
    ],
    [
      "reads its own writes in tests",
      [
        { op: "add", path: "/unsafe/n", value: 1 },
        { op: "test", path: "/unsafe/n", value: 1 },
      ],
      unsafe({ n: 1 }),
    ],
    ["replaces a whole scope", [{ op: "replace", path: "/unsafe", value: { only: 1 } }], { only: 1 }],
  ])("%s", (_what, operations, expected) => {
    expect(result(operations)).toEqual(expected);
    expect(result(operations)).toEqual(expected);
  });

  it.each([
    ["no array", { unsafe: { a: 1 } }, "invalid_patch"],
    ["more than 100 operations", Array(101).fill({ op: "test", path: "/unsafe/one", value: 1 }), "invalid_patch"],
    ["an unknown operation", [{ op: "increment", path: "/unsafe/one", value: 1 }], "invalid_patch"],
    ["no value", [{ op: "add", path: "/unsafe/a" }], "invalid_patch"],
    ["no from", [{ op: "copy", path: "/unsafe/a" }], "invalid_patch"],
    ["a path that is no pointer", [{ op: "add", path: "unsafe/a", value: 1 }], "invalid_patch"],
    ["a bad escape", [{ op: "add", path: "/unsafe/~2", value: 1 }], "invalid_patch"],
    ["the whole document", [{ op: "replace", path: "", value: {} }], "invalid_patch"],
    ["a scope that does not exist", [{ op: "add", path: "/other/a", value: 1 }], "invalid_patch"],
    ["a target that does not exist", [{ op: "remove", path: "/unsafe/none" }], "invalid_patch"],
    ["a replacement of nothing", [{ op: "replace", path: "/unsafe/toString", value: 1 }], "invalid_patch"],
    ["a source that does not exist", [{ op: "move", from: "/unsafe/none", path: "/unsafe/a" }], "invalid_patch"],
    ["a member's name as a source", [{ op: "copy", from: "/unsafe/#list", path: "/unsafe/a" }], "invalid_patch"],
    ["a parent that is a scalar", [{ op: "add", path: "/unsafe/one/a", value: 1 }], "invalid_patch"],
    ["an index past the end", [{ op: "add", path: "/unsafe/list/3", value: 1 }], "invalid_patch"],
    ["an index with a leading zero", [{ op: "remove", path: "/unsafe/list/01" }], "invalid_patch"],
    ["a name as an index", [{ op: "replace", path: "/unsafe/list/length", value: 0 }], "invalid_patch"],
    ["a move past the end", [{ op: "move", from: "/unsafe/one", path: "/unsafe/list/9" }], "invalid_patch"],
    ["a move into itself", [{ op: "move", from: "/unsafe/list", path: "/unsafe/list/0" }], "invalid_patch"],
    ["__proto__", [{ op: "add", path: "/unsafe/__proto__", value: { a: 1 } }], "forbidden_key"],
    ["__proto__ on the way", [{ op: "add", path: "/unsafe/__proto__/a", value: 1 }], "forbidden_key"],
    [
      "constructor holding prototype",
      [{ op: "add", path: "/unsafe/constructor/prototype", value: 1 }],
      "forbidden_key",
    ],
    ["an index that is no number", [{ op: "add", path: "/unsafe/list/2e0", value: 1 }], "invalid_patch"],
    ["an index with a sign", [{ op: "add", path: "/unsafe/list/-0", value: 1 }], "invalid_patch"],
    ["an empty index", [{ op: "add", path: "/unsafe/list/", value: 1 }], "invalid_patch"],
    ["an index of another notation", [{ op: "add", path: "/unsafe/list/#1", value: 1 }], "invalid_patch"],
    ["a test of an object against an array", [{ op: "test", path: "/unsafe/a~1b", value: [] }], "patch_test_failed"],
    [
      "a test of a member against inherited ones",
      [{ op: "test", path: "/unsafe/constructor", value: { z: {} } }],
      "patch_test_failed",
    ],
    ["a failing test", [{ op: "test", path: "/unsafe/one", value: "1" }], "patch_test_failed"],
    ["a test of nothing", [{ op: "test", path: "/unsafe/none", value: null }], "patch_test_failed"],
    ["a scope that is no object", [{ op: "replace", path: "/unsafe", value: [1] }], "not_an_object"],
    ["the removal of a scope", [{ op: "remove", path: "/unsafe" }], "not_an_object"],
    [
      "depth made by moving",
      [
        { op: "add", path: "/unsafe/d", value: deep(29) },
        { op: "add", path: "/unsafe/e", value: {} },
        { op: "move", from: "/unsafe/d", path: "/unsafe/e/d" },
      ],
      "too_deep",
    ],
    [
      "growth by copies of copies",
      [{ op: "add", path: "/unsafe/c", value: "x".repeat(500) }, ...doublings(12)],
      "scope_too_large",
    ],
  ])("is refused with %s", (_what, operations, expected) => {
    expect(result(operations)).toBe(expected);
  });

  it.each([
    ["add", [{ op: "add", path: "/public/a", value: 1 }]],
    ["test, which would tell what is stored", [{ op: "test", path: "/private/secret", value: 1 }]],
    ["copy from", [{ op: "copy", from: "/private/secret", path: "/unsafe/a" }]],
    ["move from", [{ op: "move", from: "/public/plan", path: "/unsafe/a" }]],
  ])("of a user cannot reach another scope by %s", (_what, operations) => {
    expect(result(operations, ["unsafe"])).toBe("scope_forbidden");
  });
});

function deep(levels: number): unknown {
  return levels === 0 ? 1 : { a: deep(levels - 1) };
}
function doublings(times: number): unknown[] {
  return Array.from({ length: times }, (_, i) => ({ op: "copy", from: "/unsafe", path: `/unsafe/c${i}` }));
}
