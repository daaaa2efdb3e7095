import { UserMetaError } from "../errors.ts";
import { pointerTo } from "./json.ts";

/** An object or array that is open at some point of the text; `keys` are those seen so far, of an object. */
interface Frame {
  readonly keys: Set<string> | undefined;
  at: string | number;
}

/**
 * Parses JSON text (RFC 8259), and refuses what `JSON.parse` takes silently: `duplicate_key`, and, when numbers must be
 * exact, `invalid_number` for one whose decimal is not the one JavaScript writes back (RFC 7493 sections 2.2 and 2.3).
 * Anything else that is wrong is `invalid_json`. What a value may hold is `toJson`'s matter.
 */
export function parseJson(text: string, exactNumbers = false): unknown {
  const value = parse(text);
  if (isWrittenAlike(value, text)) return value;
  const open: Frame[] = [];
  for (let i = 0; i < text.length; i++) {
    const top = open.at(-1);
    switch (text[i]) {
      case "{":
        open.push({ keys: new Set(), at: "" });
        break;
      case "[":
        open.push({ keys: undefined, at: 0 });
        break;
      case "}":
      case "]":
        open.pop();
        break;
      case ",":
        if (typeof top?.at === "number") top.at++;
        break;
      case '"': {
        const end = endOfString(text, i);
        if (top?.keys !== undefined && isKey(text, end)) {
          const key = parse(text.slice(i, end)) as string;
          top.at = key;
          if (top.keys.has(key)) throw fault("duplicate_key", "each key of an object may be named once", open);
          top.keys.add(key);
        }
        i = end - 1;
        break;
      }
      default:
        if (/[-\d]/.test(text[i] as string)) {
          const end = endOfNumber(text, i);
          if (exactNumbers && !isExact(text.slice(i, end)))
            throw fault("invalid_number", "a number must be one that JavaScript keeps exactly", open);
          i = end - 1;
        }
    }
  }
  return value;
}

/** Whether JavaScript writes the text: then it holds every key once and every number as it is. Most texts are so. */
function isWrittenAlike(value: unknown, text: string): boolean {
  try {
    return JSON.stringify(value) === text;
  } catch {
    return false; // parsed without recursion, and too deep to be written with it
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UserMetaError("invalid_json", "the text must be one JSON value"); // the engine's message quotes input
  }
}

function fault(code: "duplicate_key" | "invalid_number", message: string, open: readonly Frame[]): UserMetaError {
  return new UserMetaError(code, message, { pointer: open.reduce((path, { at }) => pointerTo(path, at), "") });
}

// The text is known to be JSON from here on, so these need no error cases.

function endOfString(text: string, start: number): number {
  let i = start + 1;
  while (text[i] !== '"') i += text[i] === "\\" ? 2 : 1;
  return i + 1;
}

function endOfNumber(text: string, start: number): number {
  let i = start + 1;
  while (i < text.length && /[\d.eE+-]/.test(text[i] as string)) i++;
  return i;
}

function isKey(text: string, end: number): boolean {
  let i = end;
  while (text[i] === " " || text[i] === "\n" || text[i] === "\r" || text[i] === "\t") i++;
  return text[i] === ":";
}

/** Whether JavaScript writes the same decimal back, however it is spelled: 1.0 and 1E2 are, 1e400 is not. */
function isExact(literal: string): boolean {
  const number = Number(literal);
  return Number.isFinite(number) && decimal(literal) === decimal(String(number));
}

/** A decimal as its significant digits and exponent: `"-12.50"` is `"-125e-1"`; every zero is `"0"`. */
function decimal(literal: string): string {
  const [mantissa = "", exponent = "0"] = literal.toLowerCase().split("e");
  const sign = mantissa.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = mantissa.slice(sign.length).split(".");
  const digits = whole + fraction;
  let [start, end] = [0, digits.length]; // a loop, because /0+$/ takes quadratic time on long runs of zeros
  while (digits[start] === "0") start++;
  while (end > start && digits[end - 1] === "0") end--;
  if (start === end) return "0";
  return `${sign}${digits.slice(start, end)}e${Number(exponent) - fraction.length + (digits.length - end)}`;
}
