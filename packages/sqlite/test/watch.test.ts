import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createUserMeta } from "@usermeta/core";
import { sqliteStore } from "@usermeta/sqlite";
import { afterAll, describe, expect, it, vi } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "usermeta-watch-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const verifier = () => {
  throw new Error("no session is verified here");
};

describe.each(["better-sqlite3", "node:sqlite"] as const)("Watching a file by %s", (driver) => {
  const file = join(folder, `${driver.replace(":", "-")}.db`);
  const open = () => sqliteStore(file, { driver, durability: "normal" });

  it("tells of what others commit, and not of what this store commits", async () => {
    const [mine, others] = [open(), open()];
    const told = vi.fn();
    const stop = mine.watch?.(told);
    const own = createUserMeta({ store: mine, verifier });
    await own.update("u", { unsafe: { a: 1 } });
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(told).not.toHaveBeenCalled();
    await createUserMeta({ store: others, verifier }).update("u", { unsafe: { a: 2 } });
    await vi.waitFor(() => expect(told).toHaveBeenCalledWith("gap"), 5000);
    stop?.();
    await Promise.all([mine.close(), others.close()]);
  });

  it("keeps the caches of several processes current", async () => {
    const [one, two] = [open(), open()].map((store) => createUserMeta({ store, verifier, cache: { seconds: 3600 } }));
    await one?.get("v");
    await two?.update("v", { unsafe: { a: 1 } });
    await vi.waitFor(async () => expect((await one?.get("v"))?.unsafe).toEqual({ a: 1 }), 5000);
    await Promise.all([one?.close(), two?.close()]);
  });
});
