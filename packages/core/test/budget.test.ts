import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

// Counts and not times: they say the same on every machine.

test("a warm guard allocates at most 600 bytes, over 100,000 calls", async () => {
  const youngGeneration = ["--min-semi-space-size=512", "--max-semi-space-size=512"]; // nothing is collected meanwhile
  const { sessions, bytes } = await print<{ sessions: number; bytes: number }>(
    "session/warm-guard.ts",
    youngGeneration,
  );
  expect(sessions).toBe(100_000);
  expect(bytes).toBeGreaterThan(32); // something was measured
  expect(bytes).toBeLessThanOrEqual(600); // about 470: pieces of the header, clocks, the place on the request, the verdict
});

test("a read leaves at most 100 bytes to the old generation, over 100,000 reads", async () => {
  const { bytes } = await print<{ bytes: number }>("metadata/many-reads.ts", ["--expose-gc"]);
  expect(bytes).toBeLessThanOrEqual(100); // 2 to 30; 250 where a map of reads under way is never renewed
});

/** What a script beside this file prints, in a process of its own. */
async function print<T>(script: string, flags: readonly string[]): Promise<T> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const args = [...flags, "--conditions=@usermeta/source", "--no-warnings", file];
  return JSON.parse((await promisify(execFile)(process.execPath, args)).stdout) as T;
}

test.each([
  ["all of core", `export * from "@usermeta/core";`, 40], // about 30
  ["a guard", `export { createUserMeta, jwtVerifier } from "@usermeta/core";`, 32], // about 24
])("%s is a bundle of few bytes, jose included: %s", async (_, source, kilobytes) => {
  expect(await bundledBytes(source)).toBeLessThanOrEqual(kilobytes * 1024);
});

/** Size of a minified bundle by gzip, made with the Vite that Vitest brings. */
async function bundledBytes(source: string): Promise<number> {
  const vite = createRequire(createRequire(import.meta.url).resolve("vitest/package.json")).resolve("vite");
  const { build } = (await import(vite)) as { build: (options: object) => Promise<{ output: { code: string }[] }> };
  const folder = await mkdtemp(join(tmpdir(), "usermeta-bundle-"));
  try {
    const entry = join(folder, "entry.js");
    writeFileSync(entry, source);
    const { output } = await build({
      configFile: false,
      logLevel: "silent",
      root: fileURLToPath(new URL("..", import.meta.url)),
      resolve: { alias: { "@usermeta/core": fileURLToPath(new URL("../src/index.ts", import.meta.url)) } },
      build: { ssr: entry, write: false, minify: true },
      ssr: { target: "node", noExternal: true },
    });
    const code = output.map((chunk) => chunk.code).join("");
    return gzipSync(code).length;
  } finally {
    await rm(folder, { recursive: true });
  }
}
