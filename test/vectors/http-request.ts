import { gzipSync } from "node:zlib";
import type { HttpCaseRequest } from "./http-case.ts";
import type { JsonCaseRequest } from "./json-case.ts";
import type { RawRequest } from "./socket.ts";
import type { World } from "./world.ts";

type Headers = [name: string, value: string][];

/** The request of a case of `http_cases.json`, with its placeholders filled in. */
export async function requestOf(world: World, request: HttpCaseRequest): Promise<RawRequest> {
  const { as, method = "GET", path = "/", json } = request;
  const given = Object.entries(request.headers ?? {}).flatMap(([name, value]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  );
  const headers = await complete(world, as, given, json === undefined ? undefined : "application/json");
  return { method, path, headers, body: json === undefined ? undefined : JSON.stringify(json) };
}

/** The request of a case of `json_cases.json` in mode `http`. */
export async function jsonRequestOf(world: World, request: JsonCaseRequest): Promise<RawRequest> {
  const { as, method, path, contentType, encoding, chunked, slowBytesPerSecond } = request;
  const plain = bodyOf(request);
  const type = plain === undefined || contentType === null ? undefined : (contentType ?? "application/json");
  const headers = await complete(world, as, request.headers ?? [], type);
  if (encoding !== undefined) headers.push(["Content-Encoding", encoding]);
  const body = encoding === "gzip" && plain !== undefined ? gzipSync(plain) : plain;
  return { method, path, headers, body, chunked, slowBytesPerSecond };
}

function bodyOf({ body, bodyHex, bodyRepeat }: JsonCaseRequest): string | Buffer | undefined {
  if (bodyHex !== undefined) return Buffer.from(bodyHex, "hex");
  return bodyRepeat === undefined ? body : bodyRepeat[0].repeat(bodyRepeat[1]);
}

/** Fills the placeholders in, and adds credentials and media type where the case gives none. */
async function complete(
  world: World,
  as: string | undefined,
  given: readonly (readonly [string, string])[],
  contentType: string | undefined,
): Promise<Headers> {
  const headers: Headers = [];
  for (const [name, value] of given) headers.push([name, await fill(world, value, as)]);
  const named = new Set(headers.map(([name]) => name.toLowerCase()));
  if (as !== undefined && !named.has("authorization"))
    headers.push(["Authorization", `Bearer ${as === "admin" ? world.adminKey : await world.token(as)}`]);
  if (contentType !== undefined && !named.has("content-type")) headers.push(["Content-Type", contentType]);
  return headers;
}

/** `$ADMINKEY`, `$ADMINKEY[0..-1]` (all but its last character), `$OLDKEY`, `$user1jwt` and `$etag`. */
async function fill(world: World, text: string, as = "user_1"): Promise<string> {
  let filled = text
    .replaceAll("$ADMINKEY[0..-1]", world.adminKey.slice(0, -1))
    .replaceAll("$ADMINKEY", world.adminKey)
    .replaceAll("$OLDKEY", "an-admin-key-that-was-rotated-away-0123456789");
  for (const [placeholder, number] of filled.matchAll(/\$user(\d+)jwt/g))
    filled = filled.replace(placeholder, await world.token(`user_${number}`));
  return filled.includes("$etag") ? filled.replaceAll("$etag", await world.etag(as)) : filled;
}
