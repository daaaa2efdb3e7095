import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type MetadataStore, memoryStore } from "@usermeta/core";
import { sqliteStore } from "@usermeta/sqlite";

/** A store that runs here. */
export interface RunningStore {
  /** A store that is empty in its namespace; memory has none and is empty each time. */
  open(options: {
    readonly namespace: string;
    readonly indexes: readonly string[];
  }): MetadataStore | Promise<MetadataStore>;
  stop(): Promise<void>;
}

/** One kind of store, for tests that must come to the same on each of them. */
export interface StoreKind {
  readonly name: string;
  /** Resolves to the reason where it cannot run on this machine. */
  start(): Promise<RunningStore | string>;
}

const sqlite = (driver: "better-sqlite3" | "node:sqlite"): StoreKind => ({
  name: `SQLite by ${driver}`,
  start: async () => {
    const folder = mkdtempSync(join(tmpdir(), "usermeta-sqlite-"));
    return {
      open: (options) => sqliteStore(join(folder, "usermeta.db"), { ...options, driver, durability: "normal" }),
      stop: async () => rmSync(folder, { recursive: true, force: true }),
    };
  },
});

/** Every kind there is. A new store is one more entry. */
export const storeKinds: readonly StoreKind[] = [
  {
    name: "memory",
    start: async () => ({ open: ({ indexes }) => memoryStore({ indexes }), stop: async () => undefined }),
  },
  sqlite("better-sqlite3"),
  sqlite("node:sqlite"),
];
