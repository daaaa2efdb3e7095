import { invalidConfig, UserMetaError } from "@usermeta/core";

// The part of Go's text/template that claims are written in: fields and methods, literals, pipelines, comparisons,
// printf, if and else, comments, trim markers. What else Go knows is `invalid_config` when a template is compiled; what Go
// refuses, too, is `invalid_value`, then or when the template is rendered.

/** A value in a template; an object is a struct, a function a method of one, `null` a nil pointer. */
export type Value = string | number | boolean | null | Struct | Method;
export type Method = (...args: readonly Value[]) => Value;
/** Fields and methods, and what `String()` gives. */
export interface Struct {
  readonly members: Readonly<Record<string, Value>>;
  readonly text: string;
}

/** Renders a template; `.` is the struct it is given. Throws `invalid_value`. */
export type Template = (dot: Struct) => string;

type Node =
  | string
  | Pipeline
  | { readonly condition: Pipeline; readonly body: readonly Node[]; readonly otherwise: readonly Node[] };
type Pipeline = readonly Command[];
type Command = readonly Operand[];
type Operand =
  | { readonly literal: string | number | boolean | null }
  | { readonly names: readonly string[] }
  | { readonly pipeline: Pipeline }
  | { readonly call: string };

/** Compiles a template. Throws `invalid_config` and `invalid_value`. */
export function compileTemplate(text: string): Template {
  const parts = split(text);
  const nodes = parseNodes(parts, []);
  return (dot) => render(nodes, dot);
}

/** Text, and actions between the braces; trim markers have done their work, comments are gone. */
interface Part {
  readonly isAction: boolean;
  readonly text: string;
}

function split(text: string): Part[] {
  const parts: Part[] = [];
  let at = 0;
  let trimsLeft = false;
  while (at < text.length) {
    const start = text.indexOf("{{", at);
    const found = start === -1 ? undefined : (action.exec(text.slice(start)) ?? fail());
    const [whole = "", trimsRight, body = "", trimsNext] = found ?? [];
    const between = text.slice(at, found === undefined ? undefined : start);
    const kept = trimsLeft ? between.replace(/^[ \t\r\n]+/, "") : between;
    parts.push({ isAction: false, text: trimsRight === undefined ? kept : kept.replace(/[ \t\r\n]+$/, "") });
    if (found === undefined) break;
    if (!/^\/\*.*\*\/$/s.test(body.trim())) parts.push({ isAction: true, text: body.trim() });
    trimsLeft = trimsNext !== undefined;
    at = start + whole.length;
  }
  return parts;
}

/** An action: a trim marker, what is between, another one. Braces in quotes do not count. */
const action = /^\{\{(-(?=\s))?((?:\/\*.*?\*\/|"(?:[^"\\\n]|\\.)*"|`[^`]*`|[^"`}]|\}(?!\}))*?)((?<=\s)-)?\}\}/s;

function parseNodes(parts: Part[], ends: readonly string[]): readonly Node[] {
  const nodes: Node[] = [];
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    const { isAction, text } = part;
    if (!isAction) nodes.push(text);
    else if (ends.some((end) => text === end || text.startsWith(`${end} `))) {
      parts.unshift(part);
      return nodes;
    } else if (/^if\b/.test(text)) nodes.push(parseIf(text.slice(2), parts));
    else nodes.push(parsePipeline(text));
  }
  return ends.length === 0 ? nodes : fail();
}

function parseIf(condition: string, parts: Part[]): Node {
  const body = parseNodes(parts, ["else", "end"]);
  const { text = "" } = parts.shift() ?? {};
  if (text === "end") return { condition: parsePipeline(condition), body, otherwise: [] };
  const elseIf = /^else\s+if\b(.*)$/s.exec(text)?.[1];
  if (elseIf !== undefined) return { condition: parsePipeline(condition), body, otherwise: [parseIf(elseIf, parts)] };
  const otherwise = parseNodes(parts, ["end"]);
  parts.shift();
  return { condition: parsePipeline(condition), body, otherwise };
}

const token =
  /\s*(?:("(?:[^"\\\n]|\\.)*")|`([^`]*)`|(-?\d+(?:\.\d+)?)|((?:\.[A-Za-z_]\w*)+)|([A-Za-z_]\w*)|([().|$:=,'])|(\S))/gsy;

function parsePipeline(text: string): Pipeline {
  const tokens = [...text.matchAll(token)];
  const pipeline = readPipeline(tokens);
  return tokens.length === 0 ? pipeline : fail();
}

function readPipeline(tokens: RegExpExecArray[]): Pipeline {
  const commands: Operand[][] = [[]];
  for (let next = tokens[0]; next !== undefined && next[6] !== ")"; next = tokens[0]) {
    tokens.shift();
    if (next[6] === "|") commands.push([]);
    else commands.at(-1)?.push(toOperand(next, tokens));
  }
  return commands.some((command) => command.length === 0) ? fail() : commands;
}

function toOperand([, quoted, raw, number, names, word, sign]: RegExpExecArray, tokens: RegExpExecArray[]): Operand {
  if (quoted !== undefined) return { literal: unquote(quoted) };
  if (raw !== undefined) return { literal: raw };
  if (number !== undefined) return { literal: Number(number) };
  if (names !== undefined) return { names: names.slice(1).split(".") };
  if (word === "true" || word === "false") return { literal: word === "true" };
  if (word === "nil") return { literal: null };
  if (word !== undefined) return Object.hasOwn(functions, word) ? { call: word } : refuseWord(word);
  if (sign === "(") {
    const pipeline = readPipeline(tokens);
    return tokens.shift()?.[6] === ")" ? { pipeline } : fail();
  }
  if (sign === ".") return { names: [] };
  throw sign === undefined ? invalid() : unsupported();
}

/** Words that Go knows and this does not. */
const words =
  "range with define template block break continue else end len index slice print println html js urlquery call lt le gt ge";

function refuseWord(word: string): never {
  throw words.split(" ").includes(word) && word !== "else" && word !== "end" ? unsupported() : invalid();
}

/** A Go string; its escapes that JSON does not have are not supported. */
function unquote(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    throw unsupported();
  }
}

function render(nodes: readonly Node[], dot: Struct): string {
  return nodes
    .map((node) => {
      if (typeof node === "string") return node;
      if (!("condition" in node)) return print(run(node, dot));
      return render(isTrue(run(node.condition, dot)) ? node.body : node.otherwise, dot);
    })
    .join("");
}

/** The value of a pipeline: each command's is the last argument of the next. */
function run(pipeline: Pipeline, dot: Struct): Value {
  return pipeline.reduce<Value | undefined>((piped, [first, ...rest]) => {
    const args = rest.map((operand) => evaluate(operand, dot, []));
    return evaluate(first as Operand, dot, piped === undefined ? args : [...args, piped]);
  }, undefined) as Value;
}

function evaluate(operand: Operand, dot: Struct, args: readonly Value[]): Value {
  if ("call" in operand) return (functions[operand.call] as Method)(...args);
  if ("names" in operand) return findMember(operand.names, dot, args);
  if (args.length > 0) throw invalid();
  return "literal" in operand ? operand.literal : run(operand.pipeline, dot);
}

/** Follows names from a struct to a struct; a method on the way is called, the last one with the arguments. */
function findMember(names: readonly string[], dot: Struct, args: readonly Value[]): Value {
  let value: Value = dot;
  for (const [i, name] of names.entries()) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value.members, name)) throw invalid();
    const member = value.members[name] as Value;
    value = typeof member === "function" ? member(...(i === names.length - 1 ? args : [])) : member;
    if (args.length > 0 && i === names.length - 1 && typeof member !== "function") throw invalid();
  }
  return value;
}

const functions: Readonly<Record<string, Method>> = {
  and: (...args) => decide(args, (arg) => !isTrue(arg)),
  or: (...args) => decide(args, isTrue),
  not: (...args) => !isTrue(only(args)),
  eq: (first, ...others) => others.some((other) => isEqual(first, other)),
  ne: (...args) => !isEqual(args[0], args.length === 2 ? args[1] : fail()),
  printf: (form, ...args) => {
    if (typeof form !== "string") throw invalid();
    const rest = [...args];
    const text = form.replace(/%(.)/gs, (_, verb: string) => {
      if (verb === "%") return "%";
      if (!"svd".includes(verb)) throw unsupported();
      return print(rest.shift() ?? fail());
    });
    return rest.length === 0 ? text : fail();
  },
};

/** The first argument that decides, or else the last one. */
function decide(args: readonly Value[], decides: (arg: Value) => boolean): Value {
  const at = args.findIndex(decides);
  const value = args.at(at);
  return value === undefined ? fail() : value;
}
const only = (args: readonly Value[]): Value => (args.length === 1 ? (args[0] as Value) : fail());

function isEqual(a: Value | undefined, b: Value | undefined): boolean {
  if (typeof a !== typeof b || typeof a === "object" || typeof a === "function" || a === undefined) throw invalid();
  return a === b;
}

const isTrue = (value: Value): boolean => value !== "" && value !== 0 && value !== false && value !== null;

function print(value: Value): string {
  if (value === null) return "";
  if (typeof value === "object") return value.text;
  return typeof value === "function" ? fail() : String(value);
}

const invalid = (): UserMetaError => new UserMetaError("invalid_value", "Go would refuse the template");
const unsupported = (): UserMetaError =>
  invalidConfig(`a template can have fields, text, numbers, |, if, else, end, ${Object.keys(functions).join(", ")}`);
function fail(): never {
  throw invalid();
}
