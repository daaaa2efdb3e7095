import type { Term } from "@usermeta/core";
import { sqliteStore } from "@usermeta/sqlite";
import Database from "better-sqlite3";
import { beforeAll, describe, expect, it } from "vitest";
import { indexName, type Sql, search } from "../src/search.ts";
import { putOf } from "./samples.ts";

const injecting = `a"b'c\\d)--`;
const indexes = ["public.plan", "public.Plan", "private.credits", `unsafe.${injecting}`];
const database = new Database(":memory:");
const store = sqliteStore(database, { indexes });
const plan = { scope: "public", path: ["plan"] } as const;
const credits = { scope: "private", path: ["credits"] } as const;

/** How SQLite finds a page: the plan of each statement that it takes. */
function plansOf(where: readonly Term[], limit = 10): string[][] {
  const plans: string[][] = [];
  search(
    <Row>({ sql, values }: Sql) => {
      const rows = database.prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(...values);
      plans.push(rows.map(({ detail }) => detail));
      return database.prepare(sql).all(...values) as Row[];
    },
    "",
    { where, after: "a", limit },
  );
  return plans;
}
const byIndex = (path: string, columns: string, how = "") =>
  `SEARCH usermeta_records USING ${how}INDEX ${indexName(path)} (namespace=? AND ${columns})`;
const users = "sqlite_autoindex_usermeta_records_1";
const near = [
  `SEARCH usermeta_records USING INDEX ${users} (namespace=? AND user_id>? AND user_id<?)`,
  "SCALAR SUBQUERY 1",
  `SEARCH usermeta_records USING COVERING INDEX ${users} (namespace=? AND user_id>?)`,
];
/** The index alone gives the users, whose records are then read. */
const far = (path: string, columns: string) => [
  `SEARCH usermeta_records USING INDEX ${users} (namespace=? AND user_id=?)`,
  "LIST SUBQUERY 1",
  byIndex(path, columns, "COVERING "),
  "USE TEMP B-TREE FOR ORDER BY",
];

describe("a search", () => {
  it("for one value takes a page from the index, already in order", () => {
    const page = [[byIndex("public.plan", "<expr>=? AND user_id>?")]];
    for (const value of ["pro", 5, true, null]) expect(plansOf([{ ...plan, op: "in", values: [value] }])).toEqual(page);
    expect(plansOf([{ ...plan, op: "exists", value: false }])).toEqual(page);
  });

  it.each<[string, string, Term[]]>([
    ["several values", "<expr>=? AND user_id>?", [{ ...plan, op: "in", values: ["pro", 5, null] }]],
    ["a range of strings", "<expr>>? AND <expr><?", [{ ...plan, op: "gt", value: "a" }]],
    ["a range of numbers", "<expr>>? AND <expr><?", [{ ...plan, op: "lte", value: 5 }]],
    ["anything", "<expr>>?", [{ ...plan, op: "exists", value: true }]],
  ])("for %s looks at the next users, then at what the index finds", (_, columns, terms) => {
    expect(plansOf(terms)).toEqual([near, far("public.plan", columns)]);
  });

  it("without terms goes by user id", () => {
    expect(plansOf([])).toEqual([[`SEARCH usermeta_records USING INDEX ${users} (namespace=? AND user_id>?)`]]);
  });
});

describe("a search among 5,000 users", () => {
  const other = new Database(":memory:");
  const page = (where: readonly Term[], after?: string): [string[], number] => {
    const sent: string[] = [];
    const records = search(
      <Row>({ sql, values }: Sql) => {
        sent.push(sql);
        return other.prepare(sql).all(...values) as Row[];
      },
      "",
      { where, after, limit: 10 },
    );
    return [records.map(({ user_id }) => user_id), sent.length];
  };
  const userId = (i: number) => `user${String(i).padStart(4, "0")}`;
  const from = (start: number, count = 10) => Array.from({ length: count }, (_, i) => userId(start + i));

  beforeAll(async () => {
    const filled = sqliteStore(other, { indexes: ["public.plan", "private.credits"] });
    for (let i = 0; i < 5_000; i += 100)
      await filled.write(
        Array.from({ length: 100 }, (_, j) => {
          const { next, ...put } = putOf(userId(i + j));
          const documents = { public: scope({ plan: "free" }), private: scope({ credits: i + j }) };
          return { ...put, next: { ...next, ...documents } };
        }),
      );
  });

  it("for a wide range finds its page among the next users, in one statement", () => {
    expect(page([{ ...credits, op: "gte", value: 100 }])).toEqual([from(100), 1]);
    expect(page([{ ...credits, op: "gte", value: 390 }])).toEqual([from(390), 1]);
    expect(page([{ ...credits, op: "exists", value: true }], userId(4_000))).toEqual([from(4_001), 1]);
  });

  it("for a narrow one, or one that begins later, asks the index", () => {
    expect(page([{ ...credits, op: "gte", value: 391 }])).toEqual([from(391), 2]);
    const range: Term[] = [
      { ...credits, op: "gte", value: 4_000 },
      { ...credits, op: "lt", value: 4_003 },
    ];
    expect(page(range)).toEqual([from(4_000, 3), 2]);
  });

  it("between two ends asks the index for what lies between them", () => {
    const terms: Term[] = [
      { ...credits, op: "gte", value: 6 },
      { ...credits, op: "lt", value: 7 },
    ];
    for (const where of [terms, terms.toReversed()])
      expect(plansOf(where)).toEqual([near, far("private.credits", "<expr>>? AND <expr><?")]);
  });

  it("by several paths goes by the one that finds the fewest, whichever comes first", () => {
    const few: Term = { ...credits, op: "in", values: [4_000] };
    const many: Term = { ...plan, op: "in", values: ["free"] };
    for (const where of [
      [few, many],
      [many, few],
    ])
      expect(page(where)).toEqual([[userId(4_000)], 3]);
    expect(page([many, { ...credits, op: "gte", value: 4_999 }])).toEqual([[userId(4_999)], 4]);
  });
});

it("declares indexes once, each its own, whatever is in their names", () => {
  sqliteStore(database, { indexes });
  const names = database.prepare("SELECT name FROM sqlite_schema WHERE name LIKE 'usermeta_where_%'").pluck().all();
  expect(new Set(names)).toEqual(new Set(indexes.map(indexName)));
  expect(names).toHaveLength(indexes.length);
});

it("finds by a key that tries to leave its quotes", async () => {
  await store.write([
    putOf("bob"),
    { ...putOf("ann"), next: { ...putOf("ann").next, unsafe: scope({ [injecting]: "x" }) } },
  ]);
  const where: Term[] = [{ scope: "unsafe", path: [injecting], op: "in", values: ["x"] }];
  expect((await store.list({ where, limit: 9 })).map(({ userId }) => userId)).toEqual(["ann"]);
});

const scope = (document: object) => ({ json: JSON.stringify(document), version: 1, updatedAt: 1 });
