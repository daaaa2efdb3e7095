import { base64url } from "jose";
import { isObject, type JsonObject } from "../metadata/json.ts";
import { parseJson } from "../metadata/scanner.ts";
import { invalidToken } from "./refusal.ts";

/** The two JSON parts of a JWS in compact form, read and not verified. */
export interface CompactToken {
  readonly header: JsonObject;
  readonly claims: JsonObject;
}

// Unpadded base64url whose unused last bits are zero (RFC 4648 section 3.5): bytes have one spelling. jose takes several,
// and one token in two spellings is two tokens to a cache or a revocation list. Every length matches in one way only.
const part = "(?:[\\w-]{4})*(?:[\\w-]{4}|[\\w-]{2}[AEIMQUYcgkosw048]|[\\w-][AQgw])";
const compact = new RegExp(`^(${part})\\.(${part})\\.${part}$`);

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const maxDepth = 64;

/** Reads a token strictly (RFC 7515 section 5.2, RFC 8725 section 3), or throws `invalid_token`. Costs no cryptography. */
export function readCompact(token: string, maxBytes: number): CompactToken {
  if (typeof token !== "string") throw invalidToken("a token is a text");
  if (token.length > maxBytes) throw invalidToken("the token is too long");
  const [, header, claims] = compact.exec(token) ?? []; // five parts would be an encrypted token, which we do not take
  if (header === undefined || claims === undefined)
    throw invalidToken("a token is three parts of base64url with dots between them (RFC 7515 section 7.1)");
  return { header: readPart(header), claims: readPart(claims) };
}

function readPart(text: string): JsonObject {
  let value: unknown;
  try {
    value = parseJson(utf8.decode(base64url.decode(text))); // of two equal names another parser may take the other one
  } catch (cause) {
    throw invalidToken("header and payload of a token must be JSON in UTF-8 without duplicate names", cause);
  }
  if (!isObject(value)) throw invalidToken("header and payload of a token must be JSON objects");
  if (!isWithin(value, maxDepth)) throw invalidToken("header and payload of a token must not be nested so deeply");
  return value;
}

function isWithin(value: unknown, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true;
  return depth > 0 && Object.values(value).every((member) => isWithin(member, depth - 1));
}
