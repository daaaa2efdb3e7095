import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readRecords } from "../../src/import/csv.ts";
import { containerOf } from "../../src/import/file.ts";
import { readElements, readLines } from "../../src/import/json.ts";
import { inPieces, valuesOf } from "./sources.ts";

const text = fc.string({ unit: "binary" }).map((value) => value.replaceAll("\0", ""));
const objects = fc.array(fc.dictionary(text, fc.oneof(text, fc.integer(), fc.constant(null))), { maxLength: 8 });
const sizes = fc.integer({ min: 1, max: 40 });

describe("Lines of JSON", () => {
  it("are the same rows however the bytes are cut", () =>
    fc.assert(
      fc.asyncProperty(objects, sizes, fc.constantFrom("\n", "\r\n"), async (rows, size, newline) => {
        const lines = rows.map((row) => JSON.stringify(row)).join(newline);
        const values = await valuesOf(readLines(inPieces(lines, size)));
        expect(values).toEqual(rows.map((row, i) => [i + 1, row]));
      }),
    ));

  it("keep their numbers when lines are blank, and may begin with a byte order mark", async () => {
    const values = await valuesOf(readLines(inPieces('\ufeff{"a":1}\n\n  \r\n{"b":2}\n', 7)));
    expect(values).toEqual([
      [1, { a: 1 }],
      [4, { b: 2 }],
    ]);
  });

  it("are refused one by one, for what a parser would change silently", async () => {
    const lines = ['{"a":1,"a":2}', '{"n":12345678901234567890}', '{"n":1e400}', '{"cut', '{"fine":1}'];
    const bytes = Buffer.concat([Buffer.from(`${lines.join("\n")}\n{"a":"`), Buffer.from([0xff]), Buffer.from('"}')]);
    expect(await valuesOf(readLines(inPieces(bytes, 11)))).toEqual([
      [1, "duplicate_key"],
      [2, "invalid_number"],
      [3, "invalid_number"],
      [4, "invalid_json"],
      [5, { fine: 1 }],
      [6, "invalid_json"],
    ]);
  });

  it("end the import when one does not end", async () => {
    await expect(valuesOf(readLines(inPieces("x".repeat(5_000_000), 65_536)))).rejects.toMatchObject({
      code: "invalid_request",
    });
  });
});

describe("One big JSON array", () => {
  it("is the same rows however the bytes are cut, alone or as `users` of an object", () =>
    fc.assert(
      fc.asyncProperty(objects, sizes, fc.constantFrom(0, 2), fc.boolean(), async (rows, size, indent, isAlone) => {
        const whole = isAlone ? rows : { kind: "users", more: [{ users: [1] }], users: rows, after: ["users"] };
        const values = await valuesOf(readElements(inPieces(JSON.stringify(whole, null, indent), size)));
        expect(values).toEqual(rows.map((row, i) => [i + 1, row]));
      }),
    ));

  it.each(["[", '[{"a":1}', '[{"a":1},', '{"users":[{"a":1}]', '{"users":{}}', "{}", "", "7", '[{"a":"'])(
    "is refused when it is cut off, or is none: %s",
    async (content) => {
      await expect(valuesOf(readElements(inPieces(content, 3)))).rejects.toMatchObject({ code: "invalid_request" });
    },
  );
});

describe("A table", () => {
  it("gives its cells by the header's names, quotes and line breaks inside cells included", async () => {
    const table = 'id,meta\r\na,"{""x"":\n1}"\r\n\r\nb,""\r\n';
    expect(await valuesOf(readRecords(inPieces(table, 4)))).toEqual([
      [2, { id: "a", meta: '{"x":\n1}' }],
      [3, { id: "b", meta: "" }],
    ]);
  });

  it("refuses a record with too few cells, and goes on", async () => {
    expect(await valuesOf(readRecords(inPieces("id,meta\na\nb,{}\n", 100)))).toEqual([
      [2, "invalid_request"],
      [3, { id: "b", meta: "{}" }],
    ]);
  });

  it("ends the import when quotes never close, or the text is not UTF-8", async () => {
    await expect(valuesOf(readRecords(inPieces('id,meta\na,"secret', 100)))).rejects.toSatisfy(
      (error: Error) => error.message.includes("line") && !error.message.includes("secret"),
    );
    await expect(valuesOf(readRecords(inPieces(Buffer.from([0x61, 0x2c, 0xff, 0x0a]), 100)))).rejects.toMatchObject({
      code: "invalid_request",
    });
  });
});

describe("The kind of a file", () => {
  it.each([
    ['[{"id":1}]', "elements"],
    ['  \n[\n{"id":1}]', "elements"],
    ['{"users":[{"id":1}]}', "elements"],
    ['{\n  "users": [', "elements"],
    ['{"id":1}\n{"id":2}\n', "lines"],
    ['{"id":1}', "lines"],
    ["id,public\n", "table"],
    ["", "table"],
  ])("is told by what it begins with: %j", (head, kind) => {
    expect(containerOf(Buffer.from(head))).toBe(kind);
  });
});
