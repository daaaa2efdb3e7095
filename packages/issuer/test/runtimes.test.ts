import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { which } from "../../../test/servers.ts";

const folder = mkdtempSync(join(tmpdir(), "usermeta-issuer-runtimes-"));
afterAll(() => rmSync(folder, { recursive: true }));

const condition = "--conditions=@usermeta/source";
const runtimes: Readonly<Record<string, readonly string[]>> = {
  node: [condition],
  bun: [condition],
  deno: ["run", "--no-check", "--node-modules-dir=manual", condition, "-A"],
};

/** The program that `.ci/run` has installed, or the machine's. */
function programOf(name: string): string | undefined {
  const own = fileURLToPath(new URL(`../../../node_modules/.runtimes/node_modules/.bin/${name}`, import.meta.url));
  return name === "node" ? process.execPath : existsSync(own) ? own : which(name);
}

/** What runtime.ts says there, with the folder's name taken out. */
async function run(name: string, program: string): Promise<Record<string, unknown>> {
  const script = fileURLToPath(new URL("runtime.ts", import.meta.url));
  const path = join(folder, name);
  const { stdout } = await promisify(execFile)(program, [...(runtimes[name] ?? []), script, path]);
  return JSON.parse(stdout.replaceAll(path, "keys")) as Record<string, unknown>;
}

describe.each(Object.keys(runtimes))("The issuer on %s", (name) => {
  it("issues, rotates and keeps keys of every algorithm", async (context) => {
    const program = programOf(name);
    if (program === undefined) return context.skip(`${name} is not installed`);
    const life = [1, 2, 2, 2, 2].map((count) => ["ada", "free", "Žofie 😀 ", count]);
    const fixed = life.map(([sub, plan, text]) => [sub, plan, text, 1]);
    const all = ["RS256", "ES256", "EdDSA"].flatMap((alg) => [
      [`memory ${alg}`, life],
      [`fixed ${alg}`, fixed],
      [`file ${alg}`, life],
    ]);
    expect(await run(name, program)).toEqual({
      ...Object.fromEntries(all),
      "wrong passphrase":
        "invalid_config: keys.ES256 cannot be opened: another passphrase made it, it is damaged, or it is no key file",
    });
  });
});

it("The issuer issues with fixed keys on Workers", async (context) => {
  const program = programOf("workerd");
  if (program === undefined) return context.skip("workerd is not installed");
  // Bundled as people bundle for Workers, with the Vite that Vitest brings.
  const vite = createRequire(createRequire(import.meta.url).resolve("vitest/package.json")).resolve("vite");
  const { build } = (await import(vite)) as { build: (options: object) => Promise<unknown> };
  await build({
    configFile: false,
    logLevel: "warn",
    build: {
      ssr: fileURLToPath(new URL("worker.ts", import.meta.url)),
      outDir: folder,
      emptyOutDir: false,
      rolldownOptions: { output: { entryFileNames: "worker.js" } },
    },
    ssr: {
      target: "webworker",
      noExternal: true,
      external: ["node:crypto"],
      resolve: { conditions: ["@usermeta/source", "workerd", "worker", "import"] },
    },
  });
  const config = join(folder, "worker.capnp");
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [(name = "main", worker = .main)]);
const main :Workerd.Worker = (modules = [(name = "worker", esModule = embed "worker.js")],
  compatibilityDate = "2025-09-01", compatibilityFlags = ["nodejs_compat"]);\n`,
  );
  const { stdout, stderr } = await promisify(execFile)(program, ["test", config]);
  for (const algorithm of ["RS256", "ES256", "EdDSA"]) expect(stdout + stderr).toContain(`${algorithm} works`);
});
