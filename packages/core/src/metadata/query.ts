import { invalidConfig, UserMetaError } from "../errors.ts";
import { isObject, type Json, type JsonObject } from "./json.ts";
import { type Scope, scopes } from "./store.ts";

/** What a search can compare with. */
export type Scalar = string | number | boolean | null;

/**
 * A search: every term must hold (at most 8). A path is `scope.key.key`; a value is a scalar or one or more comparisons.
 * Values compare only with values of the same type, strings by their UTF-8 bytes.
 *
 * ```ts
 * { "public.plan": "pro", "private.credits": { gte: 10 }, "unsafe.theme": { exists: true } }
 * ```
 */
export type Where = Readonly<Record<string, Scalar | Comparison>>;

/** Comparisons on one path; all of them must hold. */
export interface Comparison {
  readonly in?: readonly Scalar[];
  readonly gt?: string | number;
  readonly gte?: string | number;
  readonly lt?: string | number;
  readonly lte?: string | number;
  readonly exists?: boolean;
}

/** A place in a scope: what `"public.billing.plan"` names. */
export interface Place {
  readonly scope: Scope;
  readonly path: readonly string[];
}

/** One comparison, as stores get it. */
export type Term = Place &
  (
    | { readonly op: "in"; readonly values: readonly Scalar[] }
    | { readonly op: "gt" | "gte" | "lt" | "lte"; readonly value: string | number }
    | { readonly op: "exists"; readonly value: boolean }
  );

const refuse = (message: string): never => {
  throw new UserMetaError("invalid_query", message);
};
const isScalar = (value: unknown): value is Scalar =>
  value === null || typeof value === "string" || typeof value === "boolean" || Number.isFinite(value);

/** Checks a search and takes it apart. Throws `invalid_query`. */
export function toTerms(where: unknown): readonly Term[] {
  if (!isObject(where)) return refuse("where must be an object");
  const terms = Object.entries(where).flatMap(([name, value]) => {
    const place = toPlace(name) ?? refuse("each path of where must be scope.key or scope.key.key");
    return comparisons(value).map((comparison) => ({ ...place, ...comparison }));
  });
  return terms.length > 8 ? refuse("where can have at most 8 terms") : terms;
}

type Bare<T> = T extends unknown ? Omit<T, "scope" | "path"> : never;

function comparisons(value: Json): Bare<Term>[] {
  if (isScalar(value)) return [{ op: "in", values: [value] }];
  if (!isObject(value) || Object.keys(value).length === 0)
    return refuse("compare with a scalar, or with { in | gt | gte | lt | lte | exists }");
  return Object.entries(value).map(([op, operand]) => {
    if (op === "in" && Array.isArray(operand) && operand.length > 0 && operand.length <= 100 && operand.every(isScalar))
      return { op, values: operand };
    if (op === "exists" && typeof operand === "boolean") return { op, value: operand };
    if (
      (op === "gt" || op === "gte" || op === "lt" || op === "lte") &&
      (typeof operand === "string" || Number.isFinite(operand))
    )
      return { op, value: operand as string | number };
    return refuse(
      "compare with { in: [1 to 100 scalars] }, { gt | gte | lt | lte: string or number } or { exists: boolean }",
    );
  });
}

function toPlace(name: string): Place | undefined {
  const [scope, ...path] = name.split(".");
  return scopes.includes(scope as Scope) && path.length > 0 && !path.includes("")
    ? { scope: scope as Scope, path }
    : undefined;
}

/** The places that a store's declared `indexes` name, e.g. `["public.plan"]`. Throws `invalid_config`. */
export function toIndexes(indexes: readonly string[]): readonly Place[] {
  if (!Array.isArray(indexes)) throw invalidConfig('indexes must be a list, e.g. ["public.plan"]');
  return indexes.map((name: unknown) => {
    const place = typeof name === "string" ? toPlace(name) : undefined;
    if (place === undefined)
      throw invalidConfig('each of indexes must be scope.key or scope.key.key, e.g. "public.plan"');
    return place;
  });
}

/** The dotted form of a place, as indexes are declared: `"public.plan"`. */
export function termPath({ scope, path }: Place): string {
  return [scope, ...path].join(".");
}

/** Throws `unindexed_path` for the first term whose path is not among the declared indexes. */
export function requireIndexes(where: readonly Term[], indexes: readonly string[]): void {
  for (const term of where)
    if (!indexes.includes(termPath(term)))
      throw new UserMetaError("unindexed_path", "every path of where must be declared in the store's indexes");
}

/** Whether a document satisfies a term; what stores do in their own language. */
export function satisfies(document: JsonObject, term: Term): boolean {
  let value: Json | undefined = document;
  for (const key of term.path) value = isObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  if (term.op === "exists") return (value !== undefined) === term.value;
  if (term.op === "in") return term.values.includes(value as Scalar);
  if (typeof value !== typeof term.value) return false;
  const order = compare(value as string | number, term.value);
  return term.op === "gt" ? order > 0 : term.op === "gte" ? order >= 0 : term.op === "lt" ? order < 0 : order <= 0;
}

/** Orders two strings by their UTF-8 bytes, or two numbers. */
export function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" || typeof b === "number") return Number(a) - Number(b);
  let i = 0;
  while (i < a.length && i < b.length && a.charCodeAt(i) === b.charCodeAt(i)) i++;
  if (i === a.length || i === b.length) return a.length - b.length;
  return byteOrder(a.charCodeAt(i)) - byteOrder(b.charCodeAt(i));
}

/** UTF-8 orders like code points: surrogates, which stand for the highest ones, come after U+FFFF. */
const byteOrder = (unit: number): number => ((unit & 0xf800) === 0xd800 ? unit + 0x10000 : unit);
