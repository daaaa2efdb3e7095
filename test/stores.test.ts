import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { memoryStore } from "@usermeta/core";
import { sqliteStore } from "@usermeta/sqlite";
import { testStore } from "@usermeta/testkit";
import { afterAll } from "vitest";

const directory = mkdtempSync(join(tmpdir(), "usermeta-stores-"));
afterAll(() => rmSync(directory, { recursive: true }));

testStore("memory", memoryStore);

for (const driver of ["better-sqlite3", "node:sqlite"] as const)
  testStore(
    `SQLite by ${driver}`,
    (options) =>
      sqliteStore(join(directory, `${driver.replace(":", "-")}.db`), { ...options, driver, durability: "normal" }),
    { namespaces: true },
  );
