import { hash } from "node:crypto";
import { invalidConfig, type ListQuery, type Scalar, type Scope, scopes, type Term, termPath } from "@usermeta/core";
import type { Value } from "./connection.ts";
import { bytes, readWhere } from "./query.ts";

/** A place in a scope, as terms and declared indexes name it. */
export type Path = Pick<Term, "scope" | "path">;

/** Takes a declared index apart, e.g. `"public.plan"`. Throws `invalid_config`. */
export function pathOf(index: string): Path {
  const [scope, ...path] = index.split(".");
  if (!scopes.includes(scope as Scope) || path.length === 0 || path.includes("") || !index.isWellFormed())
    throw invalidConfig('each of indexes must be scope.key or scope.key.key, e.g. "public.plan"');
  return { scope: scope as Scope, path };
}

/** The column and the index of a declared path. Hashed, because a path may hold anything and be of any length. */
export function indexName(path: string): string {
  return `where_${hash("sha256", path).slice(0, 16)}`;
}

/** Bytes of a string that are indexed; what is longer is compared again in the document. */
const indexedBytes = 255;

/**
 * The two values that the index of a path holds, in an order that keeps types apart: a key, which is `"` and a string's
 * first UTF-8 bytes, `#` for a number, `true`, `false`, `null`, `{` for objects and arrays, NULL where there is nothing;
 * and the number, 0 for everything else.
 */
export function indexed(path: Path): { readonly key: string; readonly number: string } {
  const value = valueAt(path);
  const type = `JSON_TYPE(${value})`;
  return {
    key: `CASE WHEN ${type} IS NULL THEN NULL WHEN ${type} = 'STRING' THEN CONCAT(x'22', LEFT(${text(value)}, ${indexedBytes}))
  WHEN ${type} IN ('BOOLEAN', 'NULL') THEN ${text(value)} WHEN ${type} IN ('OBJECT', 'ARRAY') THEN x'7b' ELSE x'23' END`,
    number: `CASE WHEN ${type} IN ('INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL') THEN ${value} + 0e0 ELSE 0e0 END`,
  };
}

/** Keys are escaped as core escapes them in documents: MariaDB compares them unread, MySQL reads both. */
function valueAt({ scope, path }: Path): string {
  const keys = path.map((key) => `.${JSON.stringify(key)}`).join("");
  const ascii = keys.replace(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
  return `JSON_EXTRACT(${scope}_json, ${literal(`$${ascii}`)})`;
}

const text = (value: string): string => `CAST(JSON_UNQUOTE(${value}) AS BINARY)`;
const hex = (value: Buffer): string => `x'${value.toString("hex")}'`;
/** Hexadecimal, because MariaDB forgets to escape quotes when it keeps the expression of a column. */
const literal = (value: string): string => `CONVERT(${hex(bytes(value))} USING utf8mb4)`;

/** The page of records that a query asks for, found by the index of its most selective term. */
export function listSql(namespace: Buffer, { where, after = "", limit }: ListQuery): [string, readonly Value[]] {
  // The server would rather walk the whole table in the order of user ids.
  const driving = where.find(isEquality) ?? where.find(({ op }) => op === "in") ?? where[0];
  const conditions = ["namespace = ?", "user_id > ?", ...where.map(condition)].join(" AND ");
  const index = driving ? `FORCE INDEX (${indexName(termPath(driving))})` : "";
  return [`${readWhere(index)}${conditions} ORDER BY user_id LIMIT ?`, [namespace, bytes(after), limit]];
}

const isEquality = (term: Term): boolean => term.op === "in" && term.values.length === 1;
const operators = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

function condition(term: Term): string {
  const column = indexName(termPath(term));
  if (term.op === "exists")
    return term.value ? `${column} IS NOT NULL` : `(${column} IS NULL AND ${column}_number = 0)`;
  if (term.op === "in") return `(${term.values.map((value) => equality(term, column, value)).join(" OR ")})`;
  const operator = operators[term.op];
  if (typeof term.value === "number")
    return `(${column} = x'23' AND ${column}_number ${operator} ${double(term.value)})`;
  // The other end of the range is where strings end.
  const other = term.op.startsWith("g") ? `${column} < x'23'` : `${column} >= x'22'`;
  const isLong = bytes(term.value).length >= indexedBytes;
  const bound = `${column} ${isLong ? operator.slice(0, 1).concat("=") : operator} ${stringKey(term.value)}`;
  return `(${bound} AND ${other}${isLong ? ` AND ${text(valueAt(term))} ${operator} ${hex(bytes(term.value))}` : ""})`;
}

function equality(path: Path, column: string, value: Scalar): string {
  if (typeof value === "number") return `(${column} = x'23' AND ${column}_number = ${double(value)})`;
  const key = typeof value === "string" ? stringKey(value) : hex(bytes(String(value)));
  const isLong = typeof value === "string" && bytes(value).length >= indexedBytes;
  const exactly = isLong ? ` AND ${text(valueAt(path))} = ${hex(bytes(value))}` : "";
  return `(${column} = ${key} AND ${column}_number = 0${exactly})`;
}

const stringKey = (value: string): string => hex(Buffer.concat([bytes('"'), bytes(value).subarray(0, indexedBytes)]));
/** Read from JSON text just as the server reads the stored numbers. */
const double = (value: number): string => `(JSON_EXTRACT(${literal(JSON.stringify(value))}, ${literal("$")}) + 0e0)`;
