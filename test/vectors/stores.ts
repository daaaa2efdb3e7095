import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MetadataStore, memoryStore } from "@usermeta/core";
import { sqliteStore } from "@usermeta/sqlite";

/** A store that every vector runs on. A further store is one more entry. */
export interface StoreUnderTest {
  readonly name: string;
  /** A fresh, empty store in this process. */
  open(): MetadataStore;
  /** Where a host process finds a fresh, empty store. */
  address(): string;
}

let folder: string | undefined;
let files = 0;

/** A new file name in a folder that goes away with the process. */
function newFile(): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), "usermeta-vectors-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  return join(folder, `${++files}.db`);
}

export const stores: readonly StoreUnderTest[] = [
  { name: "memory", open: () => memoryStore(), address: () => "memory:" },
  { name: "sqlite", open: () => sqliteStore(newFile()), address: () => `sqlite:${newFile()}` },
];

/** The bindings that every vector runs on. A further binding adds its name. */
export const bindings: readonly string[] = [
  "express",
  "express4",
  "fastify",
  "koa",
  "hapi",
  "hono",
  "fetch",
  "lambda",
  "lambda-v1",
  "nestjs",
  "nestjs-fastify",
  "loopback",
  "nextjs",
  "nextjs-pages",
  "serve",
];

/** Every binding on one store, and every store behind one binding: neither knows the other. */
export const worlds: readonly { readonly binding: string; readonly store: StoreUnderTest }[] = [
  ...bindings.map((binding) => ({ binding, store: stores[0] as StoreUnderTest })),
  ...stores.slice(1).map((store) => ({ binding: "express", store })),
];
