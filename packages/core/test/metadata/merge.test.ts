import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { countCharacters, isEqual, type JsonObject, stringify } from "../../src/metadata/json.ts";
import { mergeDocument } from "../../src/metadata/merge.ts";

const key = fc.constantFrom("a", "b", "c", "toString", "constructor", "", "a.b", "é", "😀");
const { value } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.string({ maxLength: 3 }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(key, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const document = fc.dictionary(key, value, { maxKeys: 5, noNullPrototype: true }) as fc.Arbitrary<JsonObject>;
const hasNoNullMember = (json: unknown): boolean =>
  Array.isArray(json) || typeof json !== "object" || json === null
    ? json !== null
    : Object.values(json).every(hasNoNullMember);

describe("Merge laws", () => {
  const law = (name: string, holds: (a: JsonObject, b: JsonObject, c: JsonObject) => unknown) =>
    it(name, () => {
      fc.assert(
        fc.property(document, document, document, (a, b, c) => {
          holds(a, b, c);
        }),
        { numRuns: 2000 },
      );
    });

  for (const merge of ["shallow", "deep", "replace"] as const) {
    law(`${merge}: once is as good as twice`, (a, b) => {
      const once = mergeDocument(merge, a, b);
      expect(mergeDocument(merge, once, b)).toEqual(once);
    });
    law(`${merge}: what goes in is never changed`, (a, b) => {
      const before = JSON.stringify([a, b]);
      mergeDocument(merge, a, b);
      expect(JSON.stringify([a, b])).toBe(before);
    });
  }
  law("shallow and deep: nothing changes nothing", (a) => {
    expect(mergeDocument("shallow", a, {})).toEqual(a);
    expect(mergeDocument("deep", a, {})).toEqual(a);
  });
  law("shallow: each root key is what the changes say, else what it was", (a, b) => {
    const merged = mergeDocument("shallow", a, b);
    for (const name of new Set([...Object.keys(a), ...Object.keys(b)])) {
      const expected = Object.hasOwn(b, name) ? b[name] : a[name];
      if (Object.hasOwn(b, name) && expected === null) expect(Object.hasOwn(merged, name)).toBe(false);
      else expect(merged[name]).toEqual(expected);
    }
  });
  law("shallow: two writers of different keys come to the same, in either order", (a, b) => {
    const [left, right] = [{ a: b["a"] ?? 1, b: 2 }, { c: b["c"] ?? 3 }] as JsonObject[] as [JsonObject, JsonObject];
    const one = mergeDocument("shallow", mergeDocument("shallow", a, left), right);
    const other = mergeDocument("shallow", mergeDocument("shallow", a, right), left);
    expect(isEqual(one, other)).toBe(true);
  });
  law("deep: into nothing it is the changes without their null members", (_a, b) => {
    expect(hasNoNullMember(mergeDocument("deep", {}, b))).toBe(true);
  });
  law("deep: changes without nulls and without objects are shallow ones", (a, b) => {
    const flat = Object.fromEntries(Object.entries(b).filter(([, member]) => typeof member !== "object"));
    expect(mergeDocument("deep", a, flat)).toEqual(mergeDocument("shallow", a, flat));
  });
  law("replace: the changes are the document", (a, b) => {
    expect(mergeDocument("replace", a, b)).toEqual(b);
  });
});

describe("RFC 7396 appendix A", () => {
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("%j merged with %j is %j", (target, patch, result) => {
    expect(mergeDocument("deep", target, patch)).toEqual(result);
  });
});

describe("Stored text", () => {
  it("is ASCII, and reads back the same", () => {
    fc.assert(
      fc.property(document, (json) => {
        const text = stringify(json);
        expect(text).toMatch(/^[\u0020-\u007f]*$/);
        expect(JSON.parse(text)).toEqual(json);
      }),
    );
  });
  it("is counted in code points of the unescaped text", () => {
    expect(countCharacters({ s: "😀漢é" })).toBe(11);
  });
});
