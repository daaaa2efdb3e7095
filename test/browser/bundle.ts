import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

/** How a page's script is bundled. */
export interface BundleOptions {
  /** Packages to take for others, e.g. `{ react: "react18" }`, by names that the root can import. */
  readonly alias?: Readonly<Record<string, string>>;
  /** Packages to leave out. */
  readonly external?: readonly string[];
  /** As applications ship it. @default false */
  readonly minify?: boolean;
}

const root = fileURLToPath(new URL("../../", import.meta.url));

/**
 * A script with all that it imports as one ES module, from the workspace's sources, as bundlers make it for browsers.
 * `entry` is a file, by its URL, e.g. `new URL("pages/theme.tsx", import.meta.url)`; or the text of a module, whose imports
 * the root can resolve.
 */
export async function bundle(
  entry: URL | string,
  { alias = {}, external = [], minify = false }: BundleOptions = {},
): Promise<string> {
  const { outputFiles } = await build({
    ...(typeof entry === "string"
      ? { stdin: { contents: entry, resolveDir: root, loader: "tsx" as const } }
      : { entryPoints: [fileURLToPath(entry)] }),
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    jsx: "automatic",
    conditions: ["@usermeta/source"],
    define: { "process.env.NODE_ENV": minify ? '"production"' : '"development"' },
    alias: { ...alias },
    external: [...external],
    minify,
    logLevel: "silent", // errors are thrown with their text
  });
  return outputFiles[0]?.text ?? "";
}

/** The bytes of a script as servers send it: gzipped, level 9. */
export const gzippedBytes = (script: string): number => gzipSync(script, { level: 9 }).length;
