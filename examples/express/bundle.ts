import { fileURLToPath } from "node:url";
import { build } from "esbuild";

let script: Promise<string> | undefined;

/** The page's script, bundled from its sources when it is first asked for: nothing is built beforehand. */
export function readScript(): Promise<string> {
  script ??= bundle();
  return script;
}

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    absWorkingDir: fileURLToPath(new URL(".", import.meta.url)),
    entryPoints: ["page/main.tsx"],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: ["chrome123", "firefox128", "safari17.5"],
    conditions: ["@usermeta/source"],
    define: { "process.env.NODE_ENV": '"production"' },
    legalComments: "none",
  });
  return outputFiles[0]?.text ?? "";
}
