import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Put, StoredRecord } from "@usermeta/core";
import { afterAll } from "vitest";

/** Gives paths of files that do not exist yet, in a directory that is removed after the tests. */
export function files(): (name?: string) => string {
  const directory = mkdtempSync(join(tmpdir(), "usermeta-sqlite-"));
  afterAll(() => rmSync(directory, { recursive: true }));
  return (name = `${randomUUID()}.db`) => join(directory, name);
}

/** The put that makes of `latest` the next version. */
export function putOf(userId: string, latest?: StoredRecord, json: string = '{"plan":"pro"}'): Put {
  const version = (latest?.version ?? 0) + 1;
  const written = { json, version, updatedAt: 1_700_000_000_000 };
  const unwritten = { json: "{}", version: 0, updatedAt: 0 };
  return {
    next: {
      userId,
      incarnation: latest?.incarnation ?? "0123456789abcdef",
      version,
      createdAt: 1_700_000_000_000,
      public: written,
      private: unwritten,
      unsafe: unwritten,
    },
    expected: latest,
    change: { id: randomUUID(), version, at: 1_700_000_000_000, digest: "digest", json: "{}" },
    retention: { entries: 1000, since: 0 },
  };
}
