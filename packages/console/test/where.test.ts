import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromWhere, isRepeated, type Operator, toWhere } from "../page/where.ts";

describe("a search as people fill it in", () => {
  it("tells strings from numbers and the like as JSON does", () => {
    const where = (operator: Operator, value: string) =>
      JSON.parse(toWhere([{ path: "public.x", operator, value }]) ?? "");
    expect(where("is", "pro")).toEqual({ "public.x": { in: ["pro"] } });
    expect(where("is", "42")).toEqual({ "public.x": { in: [42] } });
    expect(where("is", '"42"')).toEqual({ "public.x": { in: ["42"] } });
    expect(where("in", "pro, 7,null, true")).toEqual({ "public.x": { in: ["pro", 7, null, true] } });
    expect(where("is", "[1]")).toEqual({ "public.x": { in: ["[1]"] } });
    expect(where("gte", "2024-01-01")).toEqual({ "public.x": { gte: "2024-01-01" } });
    expect(where("absent", "ignored")).toEqual({ "public.x": { exists: false } });
  });

  it("joins comparisons of one path, and is nothing without a path", () => {
    const between = [
      { path: "private.n", operator: "gt", value: "1" },
      { path: "private.n", operator: "lte", value: "9" },
      { path: "", operator: "is", value: "" },
    ] as const;
    expect(toWhere(between)).toBe('{"private.n":{"gt":1,"lte":9}}');
    expect(toWhere([])).toBeUndefined();
  });

  it("comes back from its address as it went there", () => {
    const value = fc.oneof(
      fc.string().filter((text) => !text.includes(",") && text === text.trim()),
      fc.integer().map(String),
    );
    fc.assert(
      fc.property(fc.constantFrom<Operator>("is", "gt", "lte"), value, (operator, text) => {
        const where = toWhere([{ path: "public.x", operator, value: text }]);
        expect(toWhere(fromWhere(where))).toBe(where);
      }),
    );
  });

  it("says when a path is compared in the same way twice", () => {
    const plan = { path: "public.plan", operator: "is", value: "pro" } as const;
    const rows = [plan, { ...plan, operator: "in", value: "a, b" }, { ...plan, operator: "gt" }] as const;
    expect(rows.map((_, i) => isRepeated(rows, i))).toEqual([false, true, false]);
  });

  it("takes an address that was made by hand", () => {
    expect(fromWhere('{"public.plan":"pro"}')).toEqual([{ path: "public.plan", operator: "is", value: "pro" }]);
    for (const odd of [undefined, "", "{", "[]", "null", '{"a":null}', '{"a":{"b":1}}', '{"a":[1]}'])
      expect(() => fromWhere(odd), odd).not.toThrow();
  });
});
