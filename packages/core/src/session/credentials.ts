import { UserMetaError } from "../errors.ts";
import { header, type SessionRequest } from "../http.ts";
import { challenge, invalidToken } from "./refusal.ts";

/** A token as the request carries it, unverified. */
export interface Credentials {
  readonly token: string;
  /** Browsers attach a cookie by themselves, so only its writes need the cross-site rule. */
  readonly source: "header" | "cookie";
}

/**
 * Finds the request's token: in its `Authorization` header, else in the cookie of that name. A header that is there but
 * carries no bearer token never falls back to the cookie. Query parameters are never read (RFC 6750 section 5.3).
 * Throws `invalid_request` on two `Authorization` lines, `invalid_token` on a malformed one or on two unequal cookies.
 */
export function readCredentials(request: SessionRequest, cookie: string | undefined): Credentials | undefined {
  const authorization = header(request, "authorization");
  if (authorization !== undefined) {
    if (isRepeated(request.rawHeaders)) throw repeated();
    const token = bearerToken(authorization);
    return token === undefined ? undefined : { token, source: "header" };
  }
  if (cookie === undefined) return undefined;
  const token = cookieValue(header(request, "cookie") ?? "", cookie);
  return token === undefined ? undefined : { token, source: "cookie" };
}

/** What cannot be part of an authentication scheme's name (RFC 9110 section 11.1 calls it a token). */
const notScheme = /[^\w!#$%&'*+.^`|~-]/;

/** The token of a `Bearer` header (RFC 6750 section 2.1); `undefined` when the header is of another scheme. */
function bearerToken(authorization: string): string | undefined {
  // Nearly every request has it in this spelling.
  if (!authorization.startsWith("Bearer ") && !isBearer(authorization)) {
    if (/, *bearer /i.test(authorization)) throw repeated(); // a runtime that joins lines, RFC 9110 section 5.3
    return undefined;
  }
  let start = 6;
  while (authorization[start] === " ") start++;
  const token = authorization.slice(start);
  if (start === 6 || token === "") throw invalidToken("write the header as `Authorization: Bearer <token>`");
  // Runtimes that hide the lines join them like this (RFC 9110 section 5.3); no token holds a comma.
  if (token.includes(",")) throw repeated();
  return token;
}

function isBearer(authorization: string): boolean {
  const end = authorization.search(notScheme);
  return (end === -1 ? authorization : authorization.slice(0, end)).toLowerCase() === "bearer";
}

/** Whether there is a second `Authorization` line, of which Node's `headers` shows only the first. */
function isRepeated(rawHeaders: readonly string[] = []): boolean {
  let lines = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    if (name.length === 13 && name.toLowerCase() === "authorization") lines++; // the length spares most comparisons
  }
  return lines > 1;
}

function repeated(): UserMetaError {
  return new UserMetaError("invalid_request", "send one Authorization header with one token", {
    headers: challenge("invalid_request"),
  });
}

/**
 * The one value of a cookie in a `Cookie` header (RFC 6265 section 4.2), as it is: quotes and percent signs mean nothing.
 * An empty value is none. Two unequal ones are refused: another host of the site may have tossed one in, and the order
 * does not tell which.
 */
export function cookieValue(cookies: string, name: string): string | undefined {
  const prefix = `${name}=`;
  let found: string | undefined;
  for (let at = cookies.indexOf(prefix); at !== -1; at = cookies.indexOf(prefix, at + 1)) {
    if (!startsPair(cookies, at)) continue;
    const end = cookies.indexOf(";", at);
    const value = trimEnd(cookies.slice(at + prefix.length, end === -1 ? undefined : end));
    if (value === "") continue;
    if (found !== undefined && found !== value) throw invalidToken("send one session cookie");
    found = value;
  }
  return found;
}

const isBlank = (character: string | undefined): boolean => character === " " || character === "\t";

/** Whether a cookie pair begins here, that is, nothing but blanks lies between this place and a semicolon. */
function startsPair(cookies: string, at: number): boolean {
  let before = at - 1;
  while (isBlank(cookies[before])) before--;
  return before < 0 || cookies[before] === ";";
}

function trimEnd(text: string): string {
  let end = text.length;
  while (isBlank(text[end - 1])) end--;
  return text.slice(0, end);
}
