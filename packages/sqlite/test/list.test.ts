import type { Term } from "@usermeta/core";
import { sqliteStore } from "@usermeta/sqlite";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { indexName, listSql } from "../src/query.ts";
import { putOf } from "./samples.ts";

const injecting = `a"b'c\\d)--`;
const indexes = ["public.plan", "public.Plan", "private.credits", `unsafe.${injecting}`];
const database = new Database(":memory:");
const store = sqliteStore(database, { indexes });
const plan = { scope: "public", path: ["plan"] } as const;
const credits = { scope: "private", path: ["credits"] } as const;

/** How SQLite finds a page. */
function planOf(where: readonly Term[]): string[] {
  const { sql, values } = listSql("", { where, after: "a", limit: 10 });
  return database
    .prepare<unknown[], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`)
    .all(...values)
    .map(({ detail }) => detail);
}
const search = (path: string, columns: string) =>
  `SEARCH usermeta_records USING INDEX ${indexName(path)} (namespace=? AND ${columns})`;
const sorting = "USE TEMP B-TREE FOR ORDER BY";

describe("a search", () => {
  it("for one value takes a page from the index, already in order", () => {
    const page = [search("public.plan", "<expr>=? AND user_id>?")];
    for (const value of ["pro", 5, true, null]) expect(planOf([{ ...plan, op: "in", values: [value] }])).toEqual(page);
    expect(planOf([{ ...plan, op: "exists", value: false }])).toEqual(page);
  });

  it.each<[string, Term]>([
    ["several values", { ...plan, op: "in", values: ["pro", 5, null] }],
    ["a range of strings", { ...plan, op: "gt", value: "a" }],
    ["a range of numbers", { ...plan, op: "lte", value: 5 }],
    ["anything", { ...plan, op: "exists", value: true }],
  ])("for %s reads no more than what it finds", (_, term) => {
    const [first, ...rest] = planOf([term]);
    expect(first).toContain(`SEARCH usermeta_records USING INDEX ${indexName("public.plan")} (namespace=? AND <expr>`);
    expect(rest).toEqual([sorting]);
  });

  it("by several terms goes by the one that asks for a single value", () => {
    const terms: Term[] = [
      { ...credits, op: "gt", value: 5 },
      { ...credits, op: "in", values: [6, 7] },
      { ...plan, op: "in", values: ["pro"] },
    ];
    expect(planOf(terms)).toEqual([search("public.plan", "<expr>=? AND user_id>?")]);
  });

  it("without terms goes by user id", () => {
    expect(planOf([])).toEqual([
      "SEARCH usermeta_records USING INDEX sqlite_autoindex_usermeta_records_1 (namespace=? AND user_id>?)",
    ]);
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
