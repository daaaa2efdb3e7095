import { isUtf8 } from "node:buffer";
import { UserMetaError } from "@usermeta/core";
import { parseJson } from "@usermeta/core/routes";
import { type Entry, maxRowBytes, unreadable } from "./entry.ts";

const [newline, quote, backslash, comma, colon] = Buffer.from('\n"\\,:') as unknown as number[];
const [openObject, closeObject, openArray, closeArray] = Buffer.from("{}[]") as unknown as number[];
const byteOrderMark = Buffer.from("\ufeff");

/** Parses a row's text as strictly as a request's body: what `JSON.parse` would change silently is refused. */
export function toEntry(bytes: Buffer, row: number): Entry {
  return {
    row,
    size: bytes.length,
    read() {
      if (!isUtf8(bytes)) throw new UserMetaError("invalid_json", "the text must be UTF-8");
      return parseJson(bytes.toString("utf8"), true);
    },
  };
}

/** One JSON text per line (NDJSON, JSON Lines). Blank lines count, and are no rows. */
export async function* readLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Entry[], void, undefined> {
  let row = 0;
  let rest: Buffer = Buffer.alloc(0);
  const toEntries = (line: Buffer): readonly Entry[] => {
    row++;
    const bytes = row === 1 && line.subarray(0, 3).equals(byteOrderMark) ? line.subarray(3) : line;
    return isBlank(bytes) ? [] : [toEntry(bytes, row)];
  };
  for await (const chunk of chunks) {
    const entries: Entry[] = [];
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let start = 0;
    for (let end = bytes.indexOf(newline as number, rest.length); end !== -1; ) {
      entries.push(...toEntries(bytes.subarray(start, end)));
      start = end + 1;
      end = bytes.indexOf(newline as number, start);
    }
    rest = bytes.subarray(start);
    if (rest.length > maxRowBytes) throw unreadable(`line ${row + 1} is longer than ${maxRowBytes} bytes`);
    yield entries;
  }
  if (rest.length > 0) yield toEntries(rest);
}

const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

function isBlank(bytes: Buffer): boolean {
  for (const byte of bytes) if (!isSpace(byte)) return false;
  return true;
}

/**
 * The elements of one big JSON array, or of the array `users` in one big object, each as its own text. Streaming parsers
 * hand over values in which long numbers are rounded and repeated keys are gone already; here the text stays what it was.
 */
export async function* readElements(chunks: AsyncIterable<Buffer>): AsyncGenerator<readonly Entry[], void, undefined> {
  const scanner = createScanner();
  for await (const chunk of chunks) yield scanner.take(chunk);
  scanner.end();
}

interface Scanner {
  /** The elements that end in this chunk. */
  take(chunk: Buffer): readonly Entry[];
  /** Throws unless the text was complete. */
  end(): void;
}

/** Follows strings and brackets only; whether an element is JSON, its parser says. */
function createScanner(): Scanner {
  let row = 0;
  let depth = 0;
  /** The depth of the array whose elements are wanted; 0 until it has begun. */
  let wanted = 0;
  let isOver = false;
  let inString = false;
  let isEscaped = false;
  /** Bytes of a string at depth 1 of an object: it may be the key `users`. */
  let word: number[] | undefined;
  let key = "";
  /** Where the element under way begins in this chunk; -1 between elements. */
  let start = -1;
  let before: Buffer[] = [];
  let size = 0;

  function finish(tail: Buffer): Entry {
    const bytes = Buffer.concat([...before, tail]);
    before = [];
    size = 0;
    row++;
    return toEntry(bytes, row);
  }

  function open(byte: number): void {
    depth++;
    if (wanted !== 0 || isOver || byte !== openArray) return;
    if (depth === 1 || (depth === 2 && key === "users")) wanted = depth;
  }

  function take(chunk: Buffer): readonly Entry[] {
    const entries: Entry[] = [];
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] as number;
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (byte === backslash) isEscaped = true;
        else if (byte === quote) {
          inString = false;
          if (word !== undefined) key = Buffer.from(word).toString("latin1");
          word = undefined;
          continue;
        }
        if (word !== undefined && word.length < 16) word.push(byte);
        continue;
      }
      const isInside = wanted !== 0 && depth === wanted;
      if (isInside && (byte === comma || byte === closeArray)) {
        if (start !== -1) entries.push(finish(chunk.subarray(start, i)));
        start = -1;
      } else if (isInside && start === -1 && !isSpace(byte)) start = i;
      if (byte === quote) {
        inString = true;
        if (depth === 1 && wanted === 0) word = [];
      } else if (byte === openObject || byte === openArray) open(byte);
      else if (byte === closeObject || byte === closeArray) {
        if (isInside && byte === closeArray) [wanted, isOver] = [0, true];
        depth--;
      } else if (depth === 0 && !isSpace(byte) && !byteOrderMark.includes(byte))
        throw unreadable("the file must be one JSON array, or an object with an array `users`");
      else if (depth === 1 && byte !== colon && !isSpace(byte) && wanted === 0) key = "";
    }
    if (start !== -1) {
      before.push(chunk.subarray(start));
      size += chunk.length - start;
      start = 0;
      if (size > maxRowBytes) throw unreadable(`element ${row + 1} is longer than ${maxRowBytes} bytes`);
    }
    return entries;
  }

  return {
    take,
    end() {
      if (!isOver && depth === 0)
        throw unreadable("the file must be one JSON array, or an object with an array `users`");
      if (depth !== 0 || inString) throw unreadable(`the file ends in the middle, after ${row} elements`);
      if (!isOver) throw unreadable("the object must have an array `users`");
    },
  };
}
