import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import { toJson } from "../../src/metadata/value.ts";

const refusal = (value: unknown, depth = 30) => {
  try {
    return toJson(value, depth);
  } catch (error) {
    const { code, pointer } = error as { code: string; pointer?: string };
    return `${code} ${pointer}`;
  }
};
const cyclic: Record<string, unknown> = {};
cyclic["a"] = { b: cyclic };
const named = Object.assign([1], { extra: 2 });

describe("A value from code", () => {
  it.each([
    ["NaN", { n: Number.NaN }, "invalid_value /n"],
    ["Infinity", [1, Number.POSITIVE_INFINITY], "invalid_value /1"],
    ["a bigint", { n: 1n }, "invalid_value /n"],
    ["a function", { f: () => 1 }, "invalid_value /f"],
    ["a symbol", { s: Symbol("s") }, "invalid_value /s"],
    ["a Date", { at: new Date() }, "invalid_value /at"],
    ["a Map", { m: new Map() }, "invalid_value /m"],
    ["a class instance", { e: new (class A {})() }, "invalid_value /e"],
    ["a cycle", cyclic, "invalid_value /a/b"],
    ["a hole", { a: Object.assign([], { length: 2 }) }, "invalid_value /a"],
    ["undefined in an array", [undefined], "invalid_value /0"],
    ["a named member of an array", named, "invalid_value "],
    ["a symbol key", { [Symbol("k")]: 1 }, "invalid_value "],
    ["NUL", { s: "a\0b" }, "invalid_string /s"],
    ["a lone surrogate", { s: "\ud83d" }, "invalid_string /s"],
    ["a lone surrogate in a key", { "\ude00": 1 }, "invalid_string "],
    ["__proto__ as a key", JSON.parse('{"a":{"__proto__":1}}'), "forbidden_key /a"],
    ["constructor holding prototype", { constructor: { prototype: 1 } }, "forbidden_key "],
    ["a key of 1,025 characters", { a: { ["k".repeat(1025)]: 1 } }, "key_too_long /a"],
  ])("is refused when it holds %s", (_what, value, expected) => {
    expect(refusal(value)).toBe(expected);
  });

  it.each([
    ["a key of 1,024 characters, astral ones counted once", { ["😀".repeat(1024)]: 1 }],
    ["constructor as an ordinary key", { constructor: "ACME Builders" }],
    ["names that objects inherit", JSON.parse('{"toString":{"x":1},"then":{"x":1},"hasOwnProperty":1}')],
    ["the same object twice", (() => [cyclic, cyclic].map(() => ({ a: 1 })))()],
  ])("is taken as it is with %s", (_what, value) => {
    expect(refusal(value)).toEqual(value);
  });

  it("lets undefined members be absent, and -0 be 0", () => {
    expect(JSON.stringify(toJson({ a: undefined, b: -0 }, 30))).toBe('{"b":0}');
    expect(Object.is((toJson({ b: -0 }, 30) as { b: number }).b, 0)).toBe(true);
  });

  it("may come from another realm, as it does under some test runners", () => {
    expect(refusal(runInNewContext("({ a: [{ b: 1 }] })"))).toEqual({ a: [{ b: 1 }] });
  });

  it("is copied, so that changing it later changes nothing that is stored", () => {
    const value = { a: { b: [1] } };
    const copy = toJson(value, 30);
    value.a.b.push(2);
    expect(copy).toEqual({ a: { b: [1] } });
  });

  it("may nest as deeply as the limit says and no deeper", () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : { a: nested(depth - 1) });
    expect(refusal(nested(30))).toEqual(nested(30));
    expect(refusal(nested(31))).toBe(`too_deep ${"/a".repeat(30)}`);
  });
});
