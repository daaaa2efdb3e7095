import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseJson } from "../../src/metadata/scanner.ts";

const refusal = (text: string) => {
  try {
    return parseJson(text, true);
  } catch (error) {
    const { code, pointer } = error as { code: string; pointer?: string };
    return pointer ? `${code} ${pointer}` : code;
  }
};

describe("The scanner of JSON text", () => {
  it("reads every value that JSON.parse reads and writes back the same", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
      { numRuns: 1000 },
    );
  });

  it("refuses exactly what JSON.parse refuses, as long as no key is repeated", () => {
    const alphabet = fc.constantFrom(...'{}[]:,"\\ 01-+.eE\nutrlfans'.split(""));
    fc.assert(
      fc.property(fc.string({ unit: alphabet, maxLength: 12 }), (text) => {
        let valid = true;
        try {
          JSON.parse(text);
        } catch {
          valid = false;
        }
        const verdict = (() => {
          try {
            parseJson(text);
            return "valid";
          } catch (error) {
            return (error as { code: string }).code;
          }
        })();
        expect(verdict === "valid" || verdict === "duplicate_key").toBe(valid);
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ['{"a":1,"a":2}', "duplicate_key /a"],
    ['{"a":1,"\\u0061":2}', "duplicate_key /a"],
    ['{"x":[{"b":{},"b":[]}]}', "duplicate_key /x/0/b"],
    ['{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}', { a: { a: { a: 1 } }, b: [{ a: 1 }, { a: 1 }] }],
    ['{"a":"b","b":"a"}', { a: "b", b: "a" }],
    ['{"a":"{\\"a\\":1,\\"a\\":2}"}', { a: '{"a":1,"a":2}' }],
  ])("finds keys named twice in one object, and only those: %s", (text, expected) => {
    expect(refusal(text)).toEqual(expected);
  });

  it.each([
    ["1.0", 1],
    ["1E2", 100],
    ["-0", -0],
    ["0e400", 0],
    ["0.1", 0.1],
    ["5e-324", 5e-324],
    ["1.7976931348623157e308", Number.MAX_VALUE],
    ["100000000000000000000", 1e20],
    ["123456789012345680000", 123456789012345680000],
    ["0.30000000000000004", 0.30000000000000004],
    ["1e400", "invalid_number"],
    ["-1e400", "invalid_number"],
    ["1e-400", "invalid_number"],
    ["2.5e-324", "invalid_number"],
    ["12345678901234567890", "invalid_number"],
    ["9007199254740993", "invalid_number"],
    ["0.30000000000000001", "invalid_number"],
    ['[0,{"n":1e999}]', "invalid_number /1/n"],
  ])("keeps a number only if JavaScript writes the same decimal back: %s", (text, expected) => {
    expect(refusal(text)).toEqual(expected);
  });

  it("accepts every number that JavaScript writes", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
        expect(parseJson(JSON.stringify(number), true)).toBe(number === 0 ? 0 : number);
      }),
      { numRuns: 2000 },
    );
  });

  it("takes time that grows with the text, not with its square", () => {
    const hostile = [
      `0.${"0".repeat(60_000)}1`,
      `${"[".repeat(30_000)}${"]".repeat(30_000)}`,
      `"${"\\\\".repeat(30_000)}"`,
    ];
    const started = performance.now();
    for (const text of hostile) refusal(text);
    expect(performance.now() - started).toBeLessThan(2000); // a quadratic scan takes minutes
  });
});

it("reads JSON however deep it is", () => {
  const depth = 200_000;
  expect(parseJson(`${"[".repeat(depth)}${"]".repeat(depth)}`)).toHaveLength(1);
});
