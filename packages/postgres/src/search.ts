import { createHash } from "node:crypto";
import { invalidConfig, type ListQuery, type Scalar, type Scope, scopes, type Term, termPath } from "@usermeta/core";

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
  const value = valueAt(path);
  return `namespace, ${keyOf(value)}, ${numberOf(value)}, ${posix}`;
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
const textOf = (value: string): string => `(${value} #>> '{}' COLLATE "C")`;

/** Text that keeps the types apart: `s` and a string's beginning, `n`, `true`, `false`, `null`, `object`, `array`, or nothing. */
const keyOf = (value: string): string =>
  `(CASE jsonb_typeof(${value}) WHEN 'string' THEN 's' || left(${value} #>> '{}', ${indexedCharacters})
    WHEN 'number' THEN 'n' WHEN 'boolean' THEN ${value}::text ELSE coalesce(jsonb_typeof(${value}), '') END COLLATE "C")`;

const numberOf = (value: string): string =>
  `(CASE jsonb_typeof(${value}) WHEN 'number' THEN ${value}::numeric ELSE 0 END)`;

/** What an index holds for a value, and the whole text of a string of which it may hold the beginning only. */
type Indexed = readonly [key: string, number: string, text: string | null];

function indexed(value: Scalar): Indexed {
  if (typeof value === "number") return ["n", JSON.stringify(value), null];
  if (typeof value !== "string") return [String(value), "0", null];
  const characters = Array.from(value);
  const isWhole = characters.length < indexedCharacters;
  return [`s${characters.slice(0, indexedCharacters).join("")}`, "0", isWhole ? null : value];
}

/** The values that a term asks for, each once; `undefined` for one that asks for a range. */
function wanted(term: Term): readonly Indexed[] | undefined {
  if (term.op === "exists") return term.value ? undefined : [["", "0", null]];
  return term.op === "in" ? [...new Set(term.values)].map(indexed) : undefined;
}

/** Runs a statement and gives its rows. */
export type Ask = <Row>(sql: Sql) => Promise<readonly Row[]>;

/** How many of the next users are looked through for each record of a page. */
const lookedThrough = 80;
/** How many of its users are counted to compare a path with others. */
const counted = 1_000;

/**
 * The page of records that a query asks for, by the index of the path that finds the fewest. Values have their users in
 * order there: a page is read and little more. Ranges have no such order: the next users are looked through first, where a
 * wide range fills its page; if they do not, the index gives all that is in the range, to be sorted. Where users are in no
 * order of values, that is at most one in so many as are looked through.
 */
export async function search<Row>(
  ask: Ask,
  columns: string,
  namespace: string,
  query: ListQuery,
): Promise<readonly Row[]> {
  const terms = candidates(query.where);
  if (terms.length < 2) return ask(listSql(columns, namespace, query));
  const [row] = await ask<Readonly<Record<string, unknown>>>(countSql(namespace, query, terms));
  const counts = terms.map((_, i) => Number(row?.[`count${i}`]));
  return ask(listSql(columns, namespace, query, terms[counts.indexOf(Math.min(...counts))]));
}

/** One term of each path, those that ask for values first. */
function candidates(where: readonly Term[]): readonly Term[] {
  const rank = (term: Term): number => wanted(term)?.length ?? Number.MAX_SAFE_INTEGER;
  const sorted = where.toSorted((a, b) => rank(a) - rank(b));
  return sorted.filter((term, i) => sorted.findIndex((other) => isOnPathOf(term, other)) === i);
}

const isOnPathOf = (term: Term, other: Term): boolean => termPath(term) === termPath(other);

/** Counts what the paths of some terms find, up to as many as are worth it. */
function countSql(namespace: string, { where, after = "" }: ListQuery, terms: readonly Term[]): Sql {
  const values: unknown[] = [namespace, after, counted];
  const mark: Mark = (value) => `$${values.push(value)}`;
  const counts = terms.map((term, i) => {
    const path = where.filter((other) => isOnPathOf(term, other));
    const inOrder = wanted(term) ? posix : `namespace, ${keyOf(valueAt(term))}, ${numberOf(valueAt(term))}`;
    return `(SELECT count(*) FROM (${byIndex("1", path, term, mark, inOrder)} LIMIT $3) AS few) AS count${i}`;
  });
  return { text: `SELECT ${counts.join(", ")}`, values };
}

/** The page that a query asks for, found by the index of one term's path. */
export function listSql(
  columns: string,
  namespace: string,
  { where, after = "", limit }: ListQuery,
  driving: Term | undefined = candidates(where)[0],
): Sql {
  const values: unknown[] = [namespace, after, limit];
  const mark: Mark = (value) => `$${values.push(value)}`;
  const next = "FROM usermeta_records WHERE namespace = $1 AND user_id > $2 ORDER BY user_id";
  if (driving === undefined) return { text: `SELECT ${columns} ${next} LIMIT $3`, values };
  const found = byIndex(columns, where, driving, mark);
  if (wanted(driving)) return { text: `${found} ORDER BY found.user_id LIMIT $3`, values };
  return {
    text: `WITH near AS MATERIALIZED (
        SELECT ${columns} FROM (SELECT * ${next} LIMIT ${mark(lookedThrough * limit)}) AS next ${satisfying(where, mark)}
        ORDER BY user_id LIMIT $3)
      SELECT * FROM near WHERE (SELECT count(*) FROM near) >= $3
      UNION ALL ${found} WHERE (SELECT count(*) FROM near) < $3 ORDER BY user_id`,
    values,
  };
}
type Mark = (value: unknown) => string;

/** By bytes like "C", but an order that only the indexes of paths have: no search becomes a walk through all users. */
const posix = 'user_id COLLATE "POSIX"';

/**
 * The first records, at most $3 for each value, that the index of a term's path finds and that satisfy the other terms too.
 * What is looked for comes by way of a function, so that PostgreSQL expects the index to be worth it.
 */
function byIndex(columns: string, where: readonly Term[], term: Term, mark: Mark, order: string = posix): string {
  const [value, keys] = [valueAt(term), wanted(term)];
  const ends: string[] = [];
  const place: Place = (end, type) => `range.end${ends.push(`${mark([end])}::${type}[]`)}`;
  const isHere = (other: Term): boolean => (keys ? other === term : isOnPathOf(other, term));
  const conditions = keys ? [matches(value)] : where.filter(isHere).flatMap((range) => within(range, value, place));
  const from = keys
    ? unnested(keys, mark)
    : `unnest(${ends.join(", ")}) AS range (${ends.map((_, i) => `end${i + 1}`).join(", ")})`;
  const others = where.filter((other) => !isHere(other));
  return `SELECT found.* FROM ${from} CROSS JOIN LATERAL (SELECT ${columns} FROM usermeta_records ${satisfying(others, mark)}
    AND namespace = $1 AND ${posix} > $2 AND ${conditions.join(" AND ")} ORDER BY ${order} LIMIT $3) AS found`;
}

/** Joins and conditions for the records that satisfy all terms. A scope is parsed once for each path, not for each condition. */
function satisfying(where: readonly Term[], mark: Mark): string {
  const paths = candidates(where);
  const joins = paths.map((path, i) => `CROSS JOIN LATERAL (SELECT ${valueAt(path)} AS value OFFSET 0) AS place${i}`);
  const conditions = where.flatMap((term) => {
    const value = `place${paths.findIndex((path) => isOnPathOf(path, term))}.value`;
    const keys = wanted(term);
    return keys
      ? `EXISTS (SELECT FROM ${unnested(keys, mark)} WHERE ${matches(value)})`
      : within(term, value, (end, type) => `${mark(end)}::${type}`);
  });
  return `${joins.join(" ")} WHERE ${["true", ...conditions].join(" AND ")}`;
}

function unnested(keys: readonly Indexed[], mark: Mark): string {
  const [key, number, text] = [0, 1, 2].map((i) => mark(keys.map((one) => one[i])));
  return `unnest(${key}::text[], ${number}::numeric[], ${text}::text[]) AS wanted (key, number, text)`;
}

const matches = (value: string): string =>
  `${keyOf(value)} = wanted.key AND ${numberOf(value)} = wanted.number
    AND (wanted.text IS NULL OR ${textOf(value)} = wanted.text)`;

/** Gives the place of a range's end in a statement. */
type Place = (end: string, type: "text" | "numeric") => string;

const operators = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

/** What holds of a value in a range: of what its index holds, and of the whole text where that is not enough. */
function within(term: Term, value: string, place: Place): string[] {
  const key = keyOf(value);
  if (term.op === "exists" || term.op === "in") return [`${key} >= ${place("a", "text")}`]; // an absent one has ""
  const [start, number, text] = indexed(term.value);
  const operator = operators[term.op];
  if (typeof term.value === "number") {
    // Both ends, although one would do: the more conditions, the fewer users PostgreSQL expects.
    const [other, last] = operator.startsWith(">") ? ["<", "1e309"] : [">", "-1e309"];
    const ends = [`${operator} ${place(number, "numeric")}`, `${other} ${place(last, "numeric")}`];
    const isNumber = `${key} BETWEEN ${place(start, "text")} AND ${place(start, "text")}`;
    return [isNumber, ...ends.map((end) => `${numberOf(value)} ${end}`)];
  }
  const end = operator.startsWith(">") ? `${key} < ${place("t", "text")}` : `${key} >= ${place("s", "text")}`;
  if (text === null) return [`${key} ${operator} ${place(start, "text")}`, end];
  // Beginnings are in order as well, only not strictly.
  const loosely = operator.startsWith(">") ? ">=" : "<=";
  return [`${key} ${loosely} ${place(start, "text")}`, end, `${textOf(value)} ${operator} ${place(text, "text")}`];
}
