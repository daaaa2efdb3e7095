import { isEqual, type Json, parsePointer, valueAt } from "@usermeta/core/json";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compare, type Documents, rebase } from "../page/rebase.ts";

const key = fc.constantFrom("a", "b", "c~/d", "");
const { value } = fc.letrec<{ value: Json; object: Json }>((tie) => ({
  value: fc.oneof({ maxDepth: 3 }, fc.constantFrom<Json>(1, 2, null, "x", [1], [1, 2]), tie("object")),
  object: fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<Json>,
}));
const object = fc.dictionary(key, value, { maxKeys: 3, noNullPrototype: true }) as fc.Arbitrary<Json>;
const documents: fc.Arbitrary<Documents> = fc.record({ public: object, private: object, unsafe: object });

const at = (from: Documents, path: string): Json | undefined => valueAt(from, parsePointer(path) ?? []);
const same = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isEqual(a, b);

describe("putting edits on top of somebody else's", () => {
  it("changes nothing where I changed nothing, and is my version where they did not", () => {
    fc.assert(
      fc.property(documents, documents, (before, after) => {
        expect(rebase(after, before, compare(before, after, before), new Set())).toEqual(after);
        expect(rebase(before, after, compare(before, before, after), new Set())).toEqual(after);
      }),
    );
  });

  it("keeps every change of theirs that does not meet one of mine, and all of mine that are chosen", () => {
    fc.assert(
      fc.property(documents, documents, documents, (before, theirs, mine) => {
        const compared = compare(before, theirs, mine);
        const contested = compared.conflicts.map(({ path }) => path);
        const meets = (path: string) =>
          contested.some((one) => `${path}/`.startsWith(`${one}/`) || `${one}/`.startsWith(`${path}/`));
        const [all, none] = [new Set(contested), new Set<string>()];
        for (const chosen of [all, none]) {
          const result = rebase(theirs, mine, compared, chosen);
          for (const { path } of compared.theirs)
            if (!meets(path)) expect(same(at(result, path), at(theirs, path))).toBe(true);
          for (const { path } of compared.mine)
            if (!meets(path)) expect(same(at(result, path), at(mine, path))).toBe(true);
          for (const path of contested)
            expect(same(at(result, path), at(chosen === all ? mine : theirs, path))).toBe(true);
        }
      }),
    );
  });

  it("asks only where two people wanted two things", () => {
    const before = { public: {}, private: {}, unsafe: { a: { x: 1, y: 1 }, b: 1, c: 1 } };
    const theirs = { public: {}, private: {}, unsafe: { a: { x: 2, y: 1 }, b: 2, d: 4 } };
    const mine = { public: {}, private: {}, unsafe: { a: 0, b: 2, c: 3, e: 5 } };
    const compared = compare(before, theirs, mine);
    expect(compared.conflicts).toEqual([
      { path: "/unsafe/a", before: { x: 1, y: 1 }, theirs: { x: 2, y: 1 }, mine: 0 },
      { path: "/unsafe/c", before: 1, theirs: undefined, mine: 3 },
    ]);
    expect(rebase(theirs, mine, compared, new Set(["/unsafe/c"])).unsafe).toEqual({
      a: { x: 2, y: 1 },
      b: 2,
      c: 3,
      d: 4,
      e: 5,
    });
    expect(theirs.unsafe).toEqual({ a: { x: 2, y: 1 }, b: 2, d: 4 });
  });
});
