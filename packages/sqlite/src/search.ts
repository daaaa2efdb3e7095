import { hash } from "node:crypto";
import { type ListQuery, type Place, type Scalar, type Term, termPath } from "@usermeta/core";
import type { RecordRow } from "./query.ts";

/**
 * What the index of a path holds, so that one column keeps the types apart: numbers and strings as they are, the name of
 * the type as a blob for `true`, `false`, `null`, objects and arrays, and NULL where there is nothing.
 * SQLite orders NULL < numbers < strings < blobs, and strings by their UTF-8 bytes.
 */
export function indexed({ scope, path }: Place): string {
  const place = `${scope}_json, ${literal(`$${path.map((key) => `.${JSON.stringify(key)}`).join("")}`)}`;
  return `CASE WHEN json_type(${place}) IN ('text', 'integer', 'real') THEN json_extract(${place})
    ELSE CAST(json_type(${place}) AS BLOB) END`;
}

/** The index of a declared path. Hashed, because SQLite takes `"public.plan"` and `"public.Plan"` for one name. */
export function indexName(path: string): string {
  return `usermeta_where_${hash("sha256", path).slice(0, 16)}`;
}

/** An SQL string literal; a path must be one for SQLite to recognise the indexed expression. */
const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** A statement and its values. */
export interface Sql {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

/** Runs a statement and gives its rows. */
export type Ask = <Row>(sql: Sql) => readonly Row[];

/** How many of the next users are looked through for each record of a page. */
const lookedThrough = 40;
/** How many of its users are counted to compare a path with others. */
const counted = 20_000;

/**
 * The page of records that a query asks for, by the index of the path that finds the fewest. A single value has its users
 * in order: a page is read and little more. Ranges have no such order: the next users are looked through first, where a
 * wide range fills its page; if they do not, the index gives all that is in the range, to be sorted. Where users are in no
 * order of values, that is at most one in so many as are looked through.
 */
export function search(ask: Ask, namespace: string, { where, after = "", limit }: ListQuery): readonly RecordRow[] {
  const page = (conditions: Sql, source = ""): readonly RecordRow[] =>
    ask({
      sql: `SELECT * FROM usermeta_records ${source} WHERE ${conditions.sql} ORDER BY user_id LIMIT ?`,
      values: [...conditions.values, limit],
    });
  const users: Sql = { sql: "namespace = ? AND user_id > ?", values: [namespace, after] };
  const all = allOf(users, ...where.map((term) => condition(term, where)));
  const driving = fewest(ask, users, where);
  if (driving === undefined) return page(all);
  if (isEquality(driving)) return page(all, `INDEXED BY ${indexName(termPath(driving))}`);
  const next: Sql = {
    sql: `user_id <= coalesce((SELECT user_id FROM usermeta_records WHERE ${users.sql} ORDER BY user_id LIMIT 1 OFFSET ?), x'')`,
    values: [...users.values, lookedThrough * limit - 1],
  };
  const near = page(allOf(all, next), "INDEXED BY sqlite_autoindex_usermeta_records_1");
  if (near.length === limit) return near;
  // The index alone says whose records they are; of these only as many are read as the page takes.
  const found = foundBy(users, where, driving);
  const isAlone = where.every((term) => isOnPathOf(driving, term));
  const first: Sql = isAlone
    ? { sql: `${found.sql} ORDER BY user_id LIMIT ?`, values: [...found.values, limit] }
    : found;
  return page(allOf(all, { sql: `user_id IN (SELECT user_id FROM ${first.sql})`, values: first.values }));
}

/** What the index of a term's path finds. */
function foundBy(users: Sql, where: readonly Term[], term: Term): Sql {
  const path = where.filter((other) => isOnPathOf(term, other));
  const { sql, values } = allOf(users, ...path.map((one) => condition(one, where)));
  return { sql: `usermeta_records INDEXED BY ${indexName(termPath(term))} WHERE ${sql}`, values };
}

/** The term whose path finds the fewest users, one that asks for a single value before others. Counts only where it must. */
function fewest(ask: Ask, users: Sql, where: readonly Term[]): Term | undefined {
  const sorted = where.toSorted((a, b) => Number(isEquality(b)) - Number(isEquality(a)));
  const terms = sorted.filter((term, i) => sorted.findIndex((other) => isOnPathOf(term, other)) === i);
  if (terms.length < 2) return terms[0];
  const counts = terms.map((term) => {
    const { sql, values } = foundBy(users, where, term);
    const [row] = ask<{ count: number | bigint }>({
      sql: `SELECT count(*) AS count FROM (SELECT 1 FROM ${sql} LIMIT ?)`,
      values: [...values, counted],
    });
    return Number(row?.count);
  });
  return terms[counts.indexOf(Math.min(...counts))];
}

const isOnPathOf = (term: Term, other: Term): boolean => termPath(term) === termPath(other);

const allOf = (...conditions: readonly Sql[]): Sql => ({
  sql: conditions.map(({ sql }) => sql).join(" AND "),
  values: conditions.flatMap(({ values }) => values),
});

const isEquality = (term: Term): boolean =>
  term.op === "in" ? term.values.length === 1 : term.op === "exists" && !term.value;
const operators = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

function condition(term: Term, where: readonly Term[]): Sql {
  const value = indexed(term);
  // SQLite would not use the index for IS NOT NULL.
  if (term.op === "exists") return { sql: `${value} ${term.value ? ">= -9e999" : "IS NULL"}`, values: [] };
  if (term.op === "in") {
    const marks = term.values.map(mark);
    return {
      sql: marks.length === 1 ? `${value} = ${marks[0]}` : `${value} IN (${marks.join(", ")})`,
      values: term.values.map((scalar) => JSON.stringify(scalar)),
    };
  }
  // The other end of the range is another term, or where the type ends: SQLite goes by one condition for each end.
  const [from, to] = typeof term.value === "string" ? ["''", "x''"] : ["-9e999", "''"];
  const other = term.op.startsWith("g") ? `${value} < ${to}` : `${value} >= ${from}`;
  return {
    sql: `${value} ${operators[term.op]} ${mark(term.value)}${isClosed(term, where) ? "" : ` AND ${other}`}`,
    values: [JSON.stringify(term.value)],
  };
}

/** Whether another term bounds the same path from the other side, within the same type. */
const isClosed = (term: Term, where: readonly Term[]): boolean =>
  "value" in term &&
  where.some(
    (other) =>
      other.op !== "exists" &&
      "value" in other &&
      other.op[0] !== term.op[0] &&
      typeof other.value === typeof term.value &&
      isOnPathOf(term, other),
  );

/** Values go in as JSON text, so that SQLite reads them just as it reads the stored ones. */
const mark = (scalar: Scalar): string =>
  typeof scalar === "string" || typeof scalar === "number" ? "json_extract(?, '$')" : "CAST(? AS BLOB)";
