import { isDeepStrictEqual } from "node:util";

/** One case of `json_cases.json`; `README.md` beside it explains the fields. */
export interface JsonCase {
  readonly name: string;
  readonly group: string;
  readonly mode: "shallow" | "deep" | "replace" | "http";
  readonly stored?: unknown;
  readonly storedRaw?: string;
  readonly patchRaw?: string;
  readonly patchGen?: string;
  readonly expected?: unknown;
  readonly expectedRaw?: string;
  readonly expectedError?: string;
  readonly alsoOk?: readonly string[];
  readonly request?: JsonCaseRequest;
}

/** The request of a case in mode `http`. */
export interface JsonCaseRequest {
  readonly method: string;
  readonly path: string;
  readonly as?: string;
  readonly body?: string;
  readonly bodyHex?: string;
  readonly bodyRepeat?: readonly [text: string, times: number];
  readonly contentType?: string | null;
  readonly headers?: readonly (readonly [string, string])[];
  readonly chunked?: boolean;
  readonly encoding?: string;
  readonly slowBytesPerSecond?: number;
}

/** The document before; `undefined`: the user has no record. */
export function storedOf({ stored, storedRaw }: JsonCase): unknown {
  return storedRaw === undefined ? (stored ?? undefined) : JSON.parse(storedRaw);
}

/** What the case expects to be there afterwards. */
export function expectedOf({ expected, expectedRaw }: JsonCase): unknown {
  return expectedRaw === undefined ? expected : JSON.parse(expectedRaw);
}

/** The text of the patch, byte for byte. */
export function patchOf({ name, patchRaw, patchGen }: JsonCase): string {
  if (patchRaw !== undefined) return patchRaw;
  const [recipe, size] = patchGen?.split(":") ?? [];
  const n = Number(size);
  if (recipe === "nestObj") return `${'{"a":'.repeat(n)}1${"}".repeat(n)}`;
  if (recipe === "nestArr") return `{"a":${"[".repeat(n)}${"]".repeat(n)}}`;
  if (recipe === "openArr") return "[".repeat(n);
  if (recipe === "longKey") return `{"${"k".repeat(n)}":1}`;
  throw new Error(`no recipe for the patch of ${name}`);
}

/** The statuses that a text such as `"413/422 scope too large"` or `"400 … may be 413 first"` begins with. */
export function statusesIn(text: string): number[] {
  const [first = ""] = /^\d{3}(?:(?:\/| or )\d{3})*/.exec(text) ?? [];
  const later = [...text.matchAll(/may be (\d{3})\b/g)].map(([, status]) => status as string);
  return [...first.split(/\/| or /), ...later].map(Number);
}

/** A JSON value in canonical form (RFC 8785): equal texts are equal values. */
export function canonical(value: unknown): string {
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`).join()}}`;
}

/** The value of a JSON text; `undefined` where `JSON.parse` fails, or changes a number or drops a repeated key. */
export function exactValueOf(text: string): unknown {
  let exact = true;
  try {
    const value: unknown = JSON.parse(text, (_key, inner: unknown, context?: { source?: string }) => {
      if (typeof inner === "number") exact &&= isDeepStrictEqual(digits(context?.source ?? ""), digits(String(inner)));
      return inner;
    });
    return exact && colons(text) === colons(JSON.stringify(JSON.parse(text))) ? value : undefined;
  } catch (error) {
    return error instanceof RangeError ? JSON.parse(text) : undefined; // too deep for a reviver, not for JSON.parse
  }
}

const colons = (text: string): number => text.replace(/"(?:[^"\\]|\\.)*"/g, "").split(":").length;

/** A decimal as sign, significant digits and exponent. */
function digits(literal: string): readonly [string, string, number] {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(literal) ?? [];
  const all = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = all.replace(/0+$/, "");
  if (significant === "") return ["", "0", 0];
  return [sign, significant, Number(exponent) - fraction.length + all.length - significant.length];
}
