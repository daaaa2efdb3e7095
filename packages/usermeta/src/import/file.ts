import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { invalidConfig } from "@usermeta/core";
import { readRecords } from "./csv.ts";
import type { Entry, Source } from "./entry.ts";
import type { Format } from "./formats.ts";
import { readElements, readLines } from "./json.ts";

/** Bytes of the beginning that tell the kind of file, and one file from another. */
const headBytes = 65_536;

/** The kinds of file that rows can be in. */
export type Container = "lines" | "elements" | "table";

/** What one row of a container is called. */
const units: Readonly<Record<Container, string>> = { lines: "line", elements: "element", table: "record" };

/**
 * A file as a source: NDJSON, a JSON array (or an object with an array `users`), or CSV, told apart by what it begins
 * with. `-` is standard input, which cannot be read a second time. Throws `invalid_config` when it cannot be read.
 */
export function openFile(path: string, format: Format): Source {
  if (path === "-") return standardInput(format);
  const { head, size, modified } = look(path);
  const container = containerOf(head);
  let read = 0;
  async function* chunks(): AsyncGenerator<Buffer, void, undefined> {
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
      read += chunk.length;
      yield chunk;
    }
  }
  return {
    name: resolve(path),
    unit: units[container],
    fingerprint: createHash("sha256").update(`${size} ${modified} `).update(head).digest("base64url"),
    entries: (done) => after(done, readers[container](chunks(), format)),
    progress: () => (size === 0 ? 1 : read / size),
  };
}

function standardInput(format: Format): Source {
  async function* entries(done: number): AsyncGenerator<readonly Entry[], void, undefined> {
    const chunks = (process.stdin as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    let head: Buffer = Buffer.alloc(0);
    for (let next = await chunks.next(); !next.done; next = await chunks.next()) {
      head = Buffer.concat([head, next.value]);
      if (head.length >= headBytes) break;
    }
    async function* all(): AsyncGenerator<Buffer, void, undefined> {
      yield head;
      for (let next = await chunks.next(); !next.done; next = await chunks.next()) yield next.value;
    }
    yield* after(done, readers[containerOf(head)](all(), format));
  }
  return { name: "standard input", unit: "row", fingerprint: "", entries, progress: () => undefined };
}

const readers: Readonly<
  Record<Container, (chunks: AsyncIterable<Buffer>, format: Format) => AsyncIterable<readonly Entry[]>>
> = {
  lines: readLines,
  elements: readElements,
  table: (chunks, { columns }) => readRecords(chunks, columns),
};

async function* after(
  done: number,
  groups: AsyncIterable<readonly Entry[]>,
): AsyncGenerator<readonly Entry[], void, undefined> {
  for await (const group of groups) {
    const last = group.at(-1);
    if (last === undefined || last.row <= done) continue;
    yield (group[0] as Entry).row > done ? group : group.filter(({ row }) => row > done);
  }
}

function look(path: string): { readonly head: Buffer; readonly size: number; readonly modified: number } {
  try {
    const file = openSync(path, "r");
    try {
      const head = Buffer.alloc(headBytes);
      const { size, mtimeMs } = statSync(path);
      return { head: head.subarray(0, readSync(file, head)), size, modified: mtimeMs };
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw invalidConfig(`${path} cannot be read`, cause);
  }
}

/** JSON begins with a bracket; lines of JSON are complete each by itself. Everything else is a table. */
export function containerOf(head: Buffer): Container {
  const text = head.toString("latin1").replace(/^(?:\u00ef\u00bb\u00bf)?\s*/, "");
  if (text.startsWith("[")) return "elements";
  if (!text.startsWith("{")) return "table";
  const end = text.indexOf("\n");
  const line = end === -1 ? text : text.slice(0, end);
  const first = attempt(() => JSON.parse(line) as Readonly<Record<string, unknown>>);
  // One object alone on its line may still be the whole file, as Firebase's and SuperTokens' are.
  if (first === undefined)
    return end === -1 && head.length === headBytes && !/^\{\s*"users"/.test(text) ? "lines" : "elements";
  return Array.isArray(first["users"]) ? "elements" : "lines";
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}
