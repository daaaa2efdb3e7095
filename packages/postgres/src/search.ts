import { createHash } from "node:crypto";
import { invalidConfig, type ListQuery, type Scalar, type Scope, scopes, type Term } from "@usermeta/core";

/** A place in a scope, as terms and declared indexes name it. */
export type Path = Pick<Term, "scope" | "path">;

/** A statement and its values. */
export interface Sql {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Takes a declared index apart, e.g. `"public.plan"`. Throws `invalid_config`. */
export function pathOf(index: string): Path {
  const [scope, ...path] = index.split(".");
  if (!scopes.includes(scope as Scope) || path.length === 0 || path.includes(""))
    throw invalidConfig('each of indexes must be scope.key or scope.key.key, e.g. "public.plan"');
  if (!index.isWellFormed() || index.includes("\0")) throw invalidConfig("each of indexes must be well-formed text");
  return { scope: scope as Scope, path };
}

/** The index of a declared path. Hashed, because PostgreSQL cuts names after 63 bytes. */
export function indexName(index: string): string {
  return `usermeta_where_${createHash("sha256").update(index).digest("hex").slice(0, 16)}`;
}

/** The columns of a path's index. */
export function indexColumns(path: Path): string {
  return `namespace, ${keyOf(path)}, ${numberOf(path)}, ${posix}`;
}

/** Characters of a string that an index holds, so that an entry fits on its page (a third of 8 KiB). */
const indexedCharacters = 200;

/** An SQL string literal, whatever `standard_conforming_strings` says; paths must be literals to match their index. */
function literal(text: string): string {
  const quoted = `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
  return text.includes("\\") ? `E${quoted}` : quoted;
}

/** `->` with a text key looks into objects only; `#>` would take "0" for an array's first element. */
const valueAt = ({ scope, path }: Path): string =>
  `(${scope}_json::jsonb${path.map((key) => ` -> ${literal(key)}`).join("")})`;

/** A string's whole text. */
const textOf = (path: Path): string => `(${valueAt(path)} #>> '{}' COLLATE "C")`;

/** Text that keeps the types apart: `s` and a string's beginning, `n`, `true`, `false`, `null`, `object`, `array`, or nothing. */
function keyOf(path: Path): string {
  const value = valueAt(path);
  return `(CASE jsonb_typeof(${value}) WHEN 'string' THEN 's' || left(${value} #>> '{}', ${indexedCharacters})
    WHEN 'number' THEN 'n' WHEN 'boolean' THEN ${value}::text ELSE coalesce(jsonb_typeof(${value}), '') END COLLATE "C")`;
}

function numberOf(path: Path): string {
  const value = valueAt(path);
  return `(CASE jsonb_typeof(${value}) WHEN 'number' THEN ${value}::numeric ELSE 0 END)`;
}

/** What an index holds for a value, and the whole text of a string of which it may hold the beginning only. */
type Indexed = readonly [key: string, number: string, text: string | null];

function indexed(value: Scalar): Indexed {
  if (typeof value === "number") return ["n", JSON.stringify(value), null];
  if (typeof value !== "string") return [String(value), "0", null];
  const characters = Array.from(value);
  return [beginning(characters), "0", characters.length < indexedCharacters ? null : value];
}

const beginning = (characters: readonly string[]): string => `s${characters.slice(0, indexedCharacters).join("")}`;

/** The values that a term asks for, each once; `undefined` for one that asks for a range. */
function wanted(term: Term): readonly Indexed[] | undefined {
  if (term.op === "exists") return term.value ? undefined : [["", "0", null]];
  return term.op === "in" ? [...new Set(term.values)].map(indexed) : undefined;
}

/**
 * The page of records that a query asks for. A term that asks for values is found in its index, where every value has its
 * users in order: a page is read and little more. Ranges have no such order: the next users are looked through first, where
 * a wide range fills its page; if they do not, the index gives all that is in the range, to be sorted.
 */
export function listSql(columns: string, namespace: string, { where, after = "", limit }: ListQuery): Sql {
  const values: unknown[] = [namespace, after, limit];
  const mark: Mark = (value) => `$${values.push(value)}`;
  const driving = where.find((term) => wanted(term)?.length === 1) ?? where.find(wanted) ?? where[0];
  if (driving === undefined) return { text: page(columns, "user_id", []), values };
  const keys = wanted(driving);
  const conditions = where.filter((term) => term !== driving || !keys).map((term) => condition(term, mark));
  if (keys)
    return {
      text: `SELECT found.* FROM ${unnested(keys, mark)}
        CROSS JOIN LATERAL (${page(columns, posix, [matches(driving), ...conditions])}) AS found
        ORDER BY found.user_id LIMIT $3`,
      values,
    };
  const all = conditions.join(" AND ");
  return {
    text: `WITH near AS MATERIALIZED (
        SELECT ${columns} FROM (SELECT * FROM usermeta_records WHERE namespace = $1 AND user_id > $2
          ORDER BY user_id LIMIT ${mark(2_000 + 10 * limit)}) AS next WHERE ${all} ORDER BY user_id LIMIT $3),
      far AS (
        SELECT ${columns} FROM ${bounded(driving, mark)} JOIN usermeta_records ON ${isWithin(driving)}
        WHERE (SELECT count(*) FROM near) < $3 AND namespace = $1 AND user_id > $2 AND ${all} ORDER BY ${posix} LIMIT $3)
      SELECT * FROM near WHERE (SELECT count(*) FROM near) >= $3 UNION ALL SELECT * FROM far ORDER BY user_id`,
    values,
  };
}
type Mark = (value: unknown) => string;

/** By bytes like "C", but an order that only the indexes of paths have: no search becomes a walk through all users. */
const posix = 'user_id COLLATE "POSIX"';

function page(columns: string, userId: string, conditions: readonly string[]): string {
  return `SELECT ${columns} FROM usermeta_records
    WHERE ${["namespace = $1", `${userId} > $2`, ...conditions].join(" AND ")} ORDER BY ${userId} LIMIT $3`;
}

function unnested(keys: readonly Indexed[], mark: Mark): string {
  const [key, number, text] = [0, 1, 2].map((i) => mark(keys.map((one) => one[i])));
  return `unnest(${key}::text[], ${number}::numeric[], ${text}::text[]) AS wanted (key, number, text)`;
}

const matches = (path: Path): string =>
  `${keyOf(path)} = wanted.key AND ${numberOf(path)} = wanted.number
    AND (wanted.text IS NULL OR ${textOf(path)} = wanted.text)`;

/** The ends of a range. They come by way of a function, so that PostgreSQL expects the index to be worth it. */
function bounded(term: Term, mark: Mark): string {
  const [low, high, least, most] = boundsOf(term).map((end) => mark([end]));
  return `unnest(${low}::text[], ${high}::text[], ${least}::numeric[], ${most}::numeric[]) AS range (low, high, least, most)`;
}

function boundsOf(term: Term): readonly [low: string, high: string, least: string, most: string] {
  if (term.op === "exists" || term.op === "in") return ["a", "u", ...everyNumber];
  const isLower = term.op === "gt" || term.op === "gte";
  if (typeof term.value === "string") {
    // Beginnings are in order as well, only not strictly.
    const start = beginning(Array.from(term.value));
    return isLower ? [start, "t", ...everyNumber] : ["s", start, ...everyNumber];
  }
  const number = JSON.stringify(term.value);
  return isLower ? ["n", "n", number, everyNumber[1]] : ["n", "n", everyNumber[0], number];
}
const everyNumber = ["-1e309", "1e309"] as const;

const isWithin = (path: Path): string =>
  `${keyOf(path)} BETWEEN range.low AND range.high AND ${numberOf(path)} BETWEEN range.least AND range.most`;

const operators = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

/** What holds of a record that satisfies the term. */
function condition(term: Term, mark: Mark): string {
  const keys = wanted(term);
  if (keys) return `EXISTS (SELECT FROM ${unnested(keys, mark)} WHERE ${matches(term)})`;
  if (term.op === "exists" || term.op === "in") return `${keyOf(term)} > ''`;
  const [low, high] = boundsOf(term);
  const isString = typeof term.value === "string";
  const value = isString ? `${mark(term.value)}::text` : `${mark(JSON.stringify(term.value))}::numeric`;
  return `${keyOf(term)} BETWEEN ${mark(low)} AND ${mark(high)}
    AND ${isString ? textOf(term) : numberOf(term)} ${operators[term.op]} ${value}`;
}
