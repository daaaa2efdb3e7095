import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { killAgainAndAgain } from "./kills.ts";
import { load } from "./load.ts";

// The short form; `pnpm soak` is the long one, ten minutes of it.
const folder = mkdtempSync(join(tmpdir(), "usermeta-soak-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it("64 clients at once get the right answer to every request, and nothing is logged that somebody should look at", async () => {
  const { requests, kinds, errors, exitCode } = await load(folder, { clients: 64, seconds: 4 });
  expect([...errors]).toEqual([]);
  expect(Object.keys(kinds).length, "kinds of requests").toBe(10);
  expect(requests).toBeGreaterThan(64);
  expect(exitCode).toBe(0);
});

it("kill -9 at any moment loses nothing that was acknowledged", async () => {
  const { acknowledged, lost } = await killAgainAndAgain(folder, { kills: 4, clients: 64 });
  expect(lost).toEqual([]);
  expect(acknowledged).toBeGreaterThan(64);
});
