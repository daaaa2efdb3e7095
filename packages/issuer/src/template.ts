import { invalidConfig, type Json, type JsonObject, type TokenUser } from "@usermeta/core";

type Render = (user: TokenUser) => Json;

/**
 * Makes a function of a template with Clerk's shortcodes. The template is read once, here: what stands in a user's
 * metadata is data and is never expanded. Throws `invalid_config` for what begins a shortcode and is none, for private
 * metadata, and for a `scope` that users could write themselves.
 */
export function compileTemplate(template: JsonObject): (user: TokenUser) => JsonObject {
  const { scope } = template;
  if (scope !== undefined && JSON.stringify(scope).includes("user.unsafe_metadata"))
    throw invalidConfig("the claim `scope` opens guarded routes: it must not come from unsafe metadata");
  return compileObject(template, "claims");
}

function compile(value: Json, at: string): Render {
  if (typeof value === "string") return compileText(value, at);
  if (Array.isArray(value)) {
    const items = value.map((item: Json, i) => compile(item, `${at}.${i}`));
    return (user) => items.map((render) => render(user));
  }
  if (isObject(value)) return compileObject(value, at);
  return () => value;
}

function compileObject(object: JsonObject, at: string): (user: TokenUser) => JsonObject {
  const members = Object.entries(object).map(([key, value]) => [key, compile(value, `${at}.${key}`)] as const);
  return (user) => Object.fromEntries(members.map(([key, render]) => [key, render(user)]));
}

const operand = String.raw`'[^']*'|[^\s|'{}]+`;
const operands = new RegExp(operand, "g");
const shortcodes = new RegExp(String.raw`\{\{\s*((?:${operand})(?:\s*\|\|\s*(?:${operand}))*)\s*\}\}`, "g");

/** A string: with one shortcode and nothing else its value as it is, otherwise text with the values written into it. */
function compileText(text: string, at: string): Render {
  const parts: (string | Render)[] = [];
  let end = 0;
  for (const { 0: whole, 1: expression = "", index } of text.matchAll(shortcodes)) {
    parts.push(text.slice(end, index), compileExpression(expression, at));
    end = index + whole.length;
  }
  parts.push(text.slice(end));
  if (parts.some((part) => typeof part === "string" && part.includes("{{")))
    throw invalidConfig(
      `"{{" in ${at} begins no shortcode; write {{user.public_metadata.plan}}, {{user.id || 'text'}} or {{'{{'}}`,
    );
  const [before, only, after] = parts;
  if (typeof only === "function" && parts.length === 3 && before === "" && after === "") return only;
  return (user) => parts.map((part) => (typeof part === "string" ? part : toText(part(user)))).join("");
}

const toText = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** The first operand that is neither null nor false, else the last: 0 and "" are values. */
function compileExpression(expression: string, at: string): Render {
  const renders = [...expression.matchAll(operands)].map(([text]) => compileOperand(text, at));
  return (user) => {
    let value: Json = null;
    for (const render of renders) {
      value = render(user);
      if (value !== null && value !== false) break;
    }
    return value;
  };
}

function compileOperand(text: string, at: string): Render {
  if (text.startsWith("'")) return () => text.slice(1, -1);
  if (text === "true" || text === "false") return () => text === "true";
  const number = Number(text);
  if (Number.isFinite(number) && String(number) === text) return () => number; // not 1e400, and nothing is rounded
  const [root, name, ...path] = text.split(".");
  if (name === undefined || !/^[a-z_]+$/.test(root as string))
    throw invalidConfig(`${text} in ${at} is no shortcode; put text in single quotes`);
  if (root !== "user") return () => null;
  switch (name) {
    case "id":
      return ({ userId }) => (path.length === 0 ? userId : null);
    case "public_metadata":
      return (user) => find(user.public, path);
    case "unsafe_metadata":
      return (user) => find(user.unsafe, path);
    case "private_metadata":
      throw invalidConfig(`${at} names private metadata, which never stands in a token`);
    default:
      return () => null; // as Clerk does with shortcodes that do not exist
  }
}

/** What lies at a path of own members of objects, or null. */
function find(document: JsonObject, path: readonly string[]): Json {
  let value: Json = document;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key)) return null;
    value = value[key] as Json;
  }
  return value;
}

const isObject = (value: Json): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
