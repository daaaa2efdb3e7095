// Runs the benchmark, or the parts that are named: `pnpm bench [part…]`. Tables on stdout, progress on stderr.
import { availableParallelism, cpus } from "node:os";
import type { Part, Report } from "./part.ts";
import { settingsFrom } from "./settings.ts";

/** Every part. A new one is a file and a line here. */
const parts: Readonly<Record<string, () => Promise<Part>>> = {
  guards: async () => (await import("./guards.ts")).guards,
  verification: async () => (await import("./verification.ts")).verification,
  routes: async () => (await import("./routes.ts")).routes,
  stores: async () => (await import("./stores.ts")).stores,
  growth: async () => (await import("./growth.ts")).growth,
  import: async () => (await import("./import.ts")).imports,
};

const { stdout, stderr } = process;
// One line that is written over where there is a terminal, a line for each step otherwise.
const report: Report = (text) => stderr.write(stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);

async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !Object.hasOwn(parts, name));
  if (unknown !== undefined) throw new Error(`there is no part ${unknown}; parts: ${Object.keys(parts).join(", ")}`);
  const settings = settingsFrom(process.env);
  const started = performance.now();
  const machine = `${availableParallelism()} cores of ${cpus()[0]?.model.trim() ?? "unknown make"}`;
  stdout.write(
    `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${machine}, ${process.platform}`,
  );
  stdout.write(settings.isQuick ? "; BENCH_QUICK: these figures say little\n\n" : "\n\n");
  for (const name of names.length > 0 ? names : Object.keys(parts)) {
    const part = await parts[name]?.();
    if (part === undefined) continue;
    for await (const section of part(settings, report)) {
      if (stderr.isTTY) report("");
      stdout.write(`${section}\n\n`);
    }
  }
  report(`done in ${Math.round((performance.now() - started) / 1000)} s\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
