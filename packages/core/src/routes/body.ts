import { UserMetaError } from "../errors.ts";
import { type HttpRequest, header } from "../http.ts";
import { within } from "../metadata/gather.ts";
import { parseJson } from "../metadata/scanner.ts";

/**
 * Reads a JSON body, in the order in which every binding must refuse alike: content coding and media type
 * (`unsupported_media_type`), size (`body_too_large`), JSON (`invalid_json`, `duplicate_key`, `invalid_number`).
 * Returns the media type with the value.
 */
export async function readJson<T extends string>(
  request: HttpRequest,
  mediaTypes: readonly T[],
  maxBytes: number,
): Promise<{ readonly mediaType: T; readonly value: unknown }> {
  const mediaType = checkMediaType(request, mediaTypes);
  const value = await readValue(request, maxBytes);
  return { mediaType, value: value === undefined ? parseJson("") : value };
}

/**
 * Reads a JSON body of whatever media type; `undefined` when there is none. Throws `body_too_large`, `invalid_json`,
 * `duplicate_key`, `invalid_number`.
 */
export async function readValue(request: HttpRequest, maxBytes: number): Promise<unknown> {
  if (Number(header(request, "content-length")) > maxBytes) throw tooLarge(maxBytes);
  const { body } = request;
  if (body instanceof Uint8Array) return parseBytes([body], maxBytes);
  if (isStream(body)) return parseBytes(await collect(body, maxBytes), maxBytes);
  if (typeof body === "string") return parseText(body, maxBytes);
  // The framework parsed it: duplicate keys and the text of numbers are gone, the other rules still hold.
  if (JSON.stringify(body ?? null).length > maxBytes) throw tooLarge(maxBytes);
  return body ?? undefined;
}

/** The media type of a body, one of these; else `unsupported_media_type`, also for any content coding. */
export function checkMediaType<T extends string>(request: HttpRequest, mediaTypes: readonly T[]): T {
  const accept = { [request.method === "PATCH" ? "accept-patch" : "accept"]: mediaTypes.join(", ") };
  if (header(request, "content-encoding") !== undefined)
    throw new UserMetaError("unsupported_media_type", "the body must come without a content coding", {
      headers: { ...accept, "accept-encoding": "identity" },
    });
  const found = parseMediaType(header(request, "content-type") ?? "");
  const mediaType = mediaTypes.find((known) => known === found);
  if (mediaType === undefined)
    throw new UserMetaError("unsupported_media_type", `the body must be ${mediaTypes.join(" or ")}, in UTF-8`, {
      headers: accept,
    });
  return mediaType;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const mediaTypeForm = new RegExp(`^(${token}/${token})((?:[ \t]*;[ \t]*${token}=(?:${token}|"[^"\\\\]*"))*)[ \t]*$`);

/** The essence of a media type in lower case; `undefined` when malformed or in another charset (RFC 9110 section 8.3.1). */
function parseMediaType(value: string): string | undefined {
  const [, essence, parameters = ""] = mediaTypeForm.exec(value) ?? [];
  const charset = /;[ \t]*charset="?([^";]*)"?/i.exec(parameters)?.[1];
  return charset === undefined || charset.trim().toLowerCase() === "utf-8" ? essence?.toLowerCase() : undefined;
}

type Stream = AsyncIterable<Uint8Array | string> & {
  readonly iterator?: (options: { destroyOnReturn: boolean }) => AsyncIterable<Uint8Array | string>;
  readonly values?: (options: { preventCancel: boolean }) => AsyncIterable<Uint8Array | string>;
  readonly resume?: () => void;
};

/** The chunks of Node's streams and of the web's, whose connection is not destroyed when they are left early. */
const chunksOf = (body: Stream): AsyncIterable<Uint8Array | string> =>
  body.iterator?.({ destroyOnReturn: false }) ?? body.values?.({ preventCancel: true }) ?? body;

function isStream(body: unknown): body is Stream {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

/** The chunks of a stream, at most `maxBytes` of them buffered. */
async function collect(body: Stream, maxBytes: number): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of chunksOf(body)) {
      const bytes = typeof chunk === "string" ? new TextEncoder().encode(chunk) : chunk;
      size += bytes.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(bytes);
    }
  } catch (cause) {
    if (cause instanceof UserMetaError) throw cause;
    throw new UserMetaError("invalid_request", "the body ended before it was complete", { cause });
  }
  return chunks;
}

const maxDiscarded = 2 ** 20;
const discardMs = 1000;

/**
 * Reads on through a refused body, up to 1 MiB or a second, and throws it away: where the connection is closed after the
 * answer, unread bytes make the kernel reset it, and the client never sees the answer.
 */
export async function discard(body: unknown): Promise<void> {
  if (isStream(body)) await within(discardMs, readAway(body));
}

async function readAway(body: Stream): Promise<void> {
  let size = 0;
  try {
    for await (const { length } of chunksOf(body)) {
      size += length;
      if (size > maxDiscarded) break;
    }
    body.resume?.(); // the rest must not be taken for the next request of the connection
  } catch {
    // the client has gone
  }
}

function parseBytes(chunks: readonly Uint8Array[], maxBytes: number): unknown {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const size = chunks.reduce((sum, { length }) => sum + length, 0);
  if (size > maxBytes) throw tooLarge(maxBytes);
  try {
    const text = chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
    return text === "" ? undefined : parseJson(text, true);
  } catch (error) {
    if (error instanceof UserMetaError) throw error;
    throw new UserMetaError("invalid_json", "the body must be UTF-8");
  }
}

function parseText(text: string, maxBytes: number): unknown {
  if (text.length > maxBytes || new TextEncoder().encode(text).length > maxBytes) throw tooLarge(maxBytes);
  return text === "" ? undefined : parseJson(text, true);
}

const tooLarge = (maxBytes: number): UserMetaError =>
  new UserMetaError("body_too_large", `the body must have at most ${maxBytes} bytes`);
