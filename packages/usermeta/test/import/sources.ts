import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createUserMeta, type MetadataStore, memoryStore, type UserMeta, UserMetaError } from "@usermeta/core";
import { noCheckpoint } from "../../src/import/checkpoint.ts";
import type { Entry, Source } from "../../src/import/entry.ts";
import { openFile } from "../../src/import/file.ts";
import { formats } from "../../src/import/formats.ts";
import { type Imported, type ImportOptions, importUsers } from "../../src/import/import.ts";
import { scratchFolder } from "../served.ts";

/** Metadata without sessions. */
export function metaOn(store: MetadataStore = memoryStore()): UserMeta {
  return createUserMeta({ store, verifier: async () => Promise.reject(new Error("no session is verified here")) });
}

/** A file of its own, that goes away with the test. */
export function file(name: string, content: string | Uint8Array): string {
  const path = join(scratchFolder(), name);
  writeFileSync(path, content);
  return path;
}

/** What an import said while it ran. */
export interface Told extends Imported {
  readonly refused: readonly string[];
}

/** Imports a source, or our own format from a path; refusals come as `row code pointer`. */
export async function importInto(
  meta: UserMeta,
  source: Source | string,
  options: Partial<ImportOptions> = {},
): Promise<Told> {
  const refused: string[] = [];
  const imported = await importUsers(
    meta.records,
    typeof source === "string" ? openFile(source, options.format ?? formats.usermeta) : source,
    {
      format: formats.usermeta,
      merge: "replace",
      checkpoint: noCheckpoint,
      sync: async () => {},
      actor: "import",
      strict: false,
      onProgress: () => {},
      onRefused: (row, { code, pointer }) => refused.push([row, code, pointer].filter(Boolean).join(" ")),
      signal: new AbortController().signal,
      ...options,
    },
  );
  return { ...imported, refused };
}

/** Everything that groups of rows hold: the values, or the codes of what is wrong with them. */
export async function valuesOf(
  groups: AsyncIterable<readonly Entry[]>,
): Promise<readonly (readonly [number, unknown])[]> {
  const values: (readonly [number, unknown])[] = [];
  for await (const group of groups) for (const { row, read } of group) values.push([row, attempt(read)]);
  return values;
}

function attempt(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserMetaError) return error.code;
    throw error;
  }
}

/** Bytes in pieces of a size, as a file system or a network may hand them over. */
export async function* inPieces(content: string | Uint8Array, size: number): AsyncGenerator<Buffer, void, undefined> {
  const bytes = Buffer.from(content as string);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
