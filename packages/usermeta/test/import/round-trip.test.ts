import type { AnyDocuments, UserMeta, UserRecord } from "@usermeta/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { exportUsers } from "../../src/export.ts";
import { file, importInto, metaOn } from "./sources.ts";

const text = fc
  .string({ unit: "binary", maxLength: 20 })
  .filter((value) => value.isWellFormed() && !/[\0]/.test(value) && value !== "__proto__" && value !== "constructor");
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    text,
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(text, tie("value"), { maxKeys: 3 }),
  ),
})).value;
const document = fc.dictionary(text, json, { maxKeys: 4 });
const userId = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
  .filter((id) => id.trim() !== "" && !/\p{Cc}/u.test(id) && id.isWellFormed() && id !== "." && id !== "..");
const users = fc.uniqueArray(fc.tuple(userId, fc.record({ public: document, private: document, unsafe: document })), {
  selector: ([id]) => id,
  maxLength: 6,
});

async function documentsOf(meta: UserMeta): Promise<readonly object[]> {
  const all: Pick<UserRecord, "userId" | "public" | "private" | "unsafe">[] = [];
  for await (const { userId: id, public: p, private: q, unsafe } of meta.list())
    all.push({ userId: id, public: p, private: q, unsafe });
  return all;
}

describe("What is exported", () => {
  it.each(["ndjson", "csv"] as const)("is the same after it is imported from %s", (form) =>
    fc.assert(
      fc.asyncProperty(users, async (written) => {
        const [from, to] = [metaOn(), metaOn()];
        for (const [id, documents] of written) await from.update(id, documents as AnyDocuments, { merge: "replace" });
        let content = "";
        for await (const piece of exportUsers(from.records, form)) content += piece;
        const { refused } = await importInto(to, file(`users.${form}`, content));
        expect(refused).toEqual([]);
        expect(await documentsOf(to)).toEqual(await documentsOf(from));
      }),
      { numRuns: 50 },
    ),
  );
});
