import { Buffer } from "node:buffer";
import type { UserMetaError } from "../errors.ts";
import { isObject, type JsonObject } from "../metadata/json.ts";
import { parseJson } from "../metadata/scanner.ts";
import { invalidToken } from "./refusal.ts";

/** The three parts of a token in compact form (RFC 7515 section 7.1), as they came. */
export interface CompactToken {
  readonly header: string;
  readonly claims: string;
  readonly signature: string;
}

/** Throws `invalid_token` for what is not even looked at. */
export function checkLength(token: string, maxBytes: number): void {
  if (typeof token !== "string") throw invalidToken("a token is a text");
  if (token.length > maxBytes) throw invalidToken("the token is too long");
}

/** Parts a token, or throws `invalid_token`. Five parts would be an encrypted token, which we do not take. */
export function splitCompact(token: string): CompactToken {
  const first = token.indexOf(".");
  const second = token.indexOf(".", first + 1);
  if (first === -1 || second === -1) throw notCompact();
  return {
    header: token.slice(0, first),
    claims: token.slice(first + 1, second),
    signature: token.slice(second + 1),
  };
}

const alphabet = /^[\w-]+$/;
/** How a part can end, by its length modulo 4. */
const endings = [/./, undefined, /[AQgw]$/, /[AEIMQUYcgkosw048]$/];

/**
 * Throws `invalid_token` unless a part is unpadded base64url whose unused last bits are zero (RFC 4648 section 3.5), so
 * that bytes have one spelling. jose takes several, and one token in two spellings is two tokens to a revocation list.
 */
export function checkPart(part: string): void {
  if (!alphabet.test(part) || !endings[part.length % 4]?.test(part)) throw notCompact();
}

/** How base64url of a JSON object can begin: a brace and what may follow it, or a blank and another or the brace. */
const beginnings = /^(?:e[yw3]|I[ACH]|C[QSXgin]|D[QSX])/;

/** Throws `invalid_token` for what cannot begin a JSON object: nearly all garbage, at a tenth of what a parser's error costs. */
export function checkBeginning(part: string): void {
  if (!beginnings.test(part)) throw notCompact();
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const maxDepth = 64;

/** Reads the header or the claims of a token strictly (RFC 7515 section 5.2, RFC 8725 section 3), or throws `invalid_token`. */
export function readPart(part: string): JsonObject {
  checkBeginning(part);
  checkPart(part);
  let value: unknown;
  try {
    value = parseJson(utf8.decode(Buffer.from(part, "base64url"))); // of two equal names another parser may take the other one
  } catch {
    throw invalidToken("header and payload of a token must be JSON in UTF-8 without duplicate names");
  }
  if (!isObject(value)) throw invalidToken("header and payload of a token must be JSON objects");
  if (!isWithin(value, maxDepth)) throw invalidToken("header and payload of a token must not be nested so deeply");
  return value;
}

const notCompact = (): UserMetaError =>
  invalidToken(
    "a token is three parts of base64url with dots between them; header and payload are JSON objects (RFC 7515 section 7.1)",
  );

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isWithin(member, depth - 1));
}
