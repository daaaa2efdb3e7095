import { invalidConfig, type Json } from "@usermeta/core";
import { isObject } from "@usermeta/core/routes";

// The paths of GJSON (github.com/tidwall/gjson, SYNTAX.md) that Hanko documents: keys, indexes, wildcards, `#`, queries.
// Modifiers other than `@this`, multipaths and literals are refused when a template is made, never ignored.

/** One step of a path. */
type Step =
  | { readonly kind: "this" }
  | { readonly kind: "key"; readonly key: string; readonly glob: RegExp | undefined }
  /** `#` */
  | { readonly kind: "each" }
  /** `#(…)`, the first element that matches, and `#(…)#`, all of them. */
  | { readonly kind: "query"; readonly query: Query; readonly all: boolean };

interface Query {
  readonly path: GjsonPath;
  readonly operator: string;
  readonly value: string;
}

/** A path that {@link compilePath} has understood. */
export type GjsonPath = readonly Step[];

/** Reads a path. Throws `invalid_config` for syntax that is GJSON's but not supported. */
export function compilePath(path: string): GjsonPath {
  const steps: Step[] = [];
  for (let rest = path; rest !== ""; ) {
    const end = rest.startsWith("#(") ? endOfQuery(rest) : endOfStep(rest);
    steps.push(toStep(rest.slice(0, end)));
    rest = rest.slice(end + 1);
  }
  return steps;
}

/** What lies at a path; `undefined` when nothing does. */
export function getPath(value: Json | undefined, [step, ...rest]: GjsonPath): Json | undefined {
  if (step === undefined || value === undefined) return value;
  switch (step.kind) {
    case "this":
      return getPath(value, rest);
    case "key":
      return getPath(member(value, step), rest);
    case "each":
      if (!Array.isArray(value)) return undefined;
      return rest.length === 0 ? value.length : getAll(value, rest);
    case "query": {
      if (!Array.isArray(value)) return undefined;
      const found = (value as readonly Json[]).filter((item) => matches(item, step.query));
      return step.all ? getAll(found, rest) : getPath(found[0], rest);
    }
  }
}

const getAll = (items: readonly Json[], rest: GjsonPath): Json =>
  items.map((item) => getPath(item, rest)).filter((item) => item !== undefined);

function member(value: Json, { key, glob }: Extract<Step, { kind: "key" }>): Json | undefined {
  if (Array.isArray(value)) return /^\d+$/.test(key) ? (value[Number(key)] as Json | undefined) : undefined;
  if (!isObject(value)) return undefined;
  const found = glob === undefined ? key : Object.keys(value).find((name) => glob.test(name));
  return found !== undefined && Object.hasOwn(value, found) ? value[found] : undefined;
}

/** Compares as GJSON does (`queryMatches`): by the type of what is found; objects, arrays and null match nothing. */
function matches(item: Json, { path, operator, value }: Query): boolean {
  const found = getPath(item, path);
  if (found === undefined || operator === "") return found !== undefined;
  if (typeof found === "number") return compare(operator, found, value.trim() === "" ? 0 : Number(value));
  if (typeof found === "boolean")
    return compare(operator, Number(found), value === "true" ? 1 : value === "false" ? 0 : -1);
  if (typeof found !== "string") return false;
  if (operator === "%") return toGlob(value).test(found);
  if (operator === "!%") return !toGlob(value).test(found);
  return compare(operator, found, value);
}

function compare<T extends number | string>(operator: string, a: T, b: T): boolean {
  switch (operator) {
    case "=":
    case "==":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    case ">=":
      return a >= b;
    default:
      return false;
  }
}

function toStep(text: string): Step {
  if (text === "@this") return { kind: "this" };
  if (text === "#") return { kind: "each" };
  const [, query, all] = /^#\((.*)\)(#?)$/s.exec(text) ?? [];
  if (query !== undefined) return { kind: "query", query: toQuery(query), all: all === "#" };
  if (/^[@[{!#]/.test(text) || text === "")
    throw invalidConfig("a GJSON path can have keys, indexes, wildcards, #, #(query), #(query)# and @this");
  const isGlob = /(?<!\\)[*?]/.test(text);
  return { kind: "key", key: text.replace(/\\(.)/gs, "$1"), glob: isGlob ? toGlob(text) : undefined };
}

/** `path operator value`; the value may be quoted, and without an operator a query asks whether the path is there. */
function toQuery(text: string): Query {
  const [, path = "", operator = "", value = ""] =
    /^((?:[^\\=!<>%"()]|\\.|"(?:[^"\\]|\\.)*"|\(.*\))*)(?:(==?|!=|<=?|>=?|!?%)(.*))?$/s.exec(text) ?? [];
  if (path === "" && operator === "") throw invalidConfig("a query of a GJSON path must be like #(age>40)");
  const trimmed = value.trim();
  const quoted = /^"(.*)"$/s.exec(trimmed)?.[1];
  if (quoted === undefined && /^["~]/.test(trimmed))
    throw invalidConfig("the value of a GJSON query must be a number, true, false, or text in quotes");
  return { path: compilePath(path.trim()), operator, value: quoted?.replace(/\\(.)/gs, "$1") ?? trimmed };
}

/** A pattern of `*` and `?`, where a backslash takes the next character as it is. */
function toGlob(pattern: string): RegExp {
  const source = pattern.replace(/\\(.)|([*?])|./gs, (text, escaped?: string, wild?: string) => {
    if (wild !== undefined) return wild === "*" ? ".*" : ".";
    return (escaped ?? text).replace(/[\\^$.*+?()[\]{}|/-]/, "\\$&");
  });
  return new RegExp(`^${source}$`, "su");
}

function endOfStep(text: string): number {
  const [step = ""] = /^(?:[^\\.|]|\\.)*/s.exec(text) ?? [];
  return step.length;
}

/** The end of `#(…)` or `#(…)#`: parentheses nest, and those in quotes do not count. */
function endOfQuery(text: string): number {
  let depth = 0;
  for (let i = 1; i < text.length; i++) {
    if (text[i] === "\\") i++;
    else if (text[i] === '"') i += /^"(?:[^"\\]|\\.)*/s.exec(text.slice(i))?.[0].length ?? 1;
    else if (text[i] === "(") depth++;
    else if (text[i] === ")" && --depth === 0) return text[i + 1] === "#" ? i + 2 : i + 1;
  }
  throw invalidConfig("a query of a GJSON path has no closing parenthesis");
}
