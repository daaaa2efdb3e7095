import { createHash } from "node:crypto";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import type { Asset, Page } from "../src/page.d.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
let page: (Page & { readonly licenses: string }) | undefined;

/** Bundles the page from its sources, once per process. */
export function readPage(): Page & { readonly licenses: string } {
  page ??= bundle();
  return page;
}

function bundle(): Page & { readonly licenses: string } {
  const { outputFiles, metafile } = buildSync({
    absWorkingDir: root,
    entryPoints: ["page/main.tsx"],
    outdir: "dist",
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: ["chrome123", "firefox128", "safari17.5"],
    conditions: ["@usermeta/source"],
    charset: "ascii",
    legalComments: "none",
  });
  const asset = (extension: string, type: string): Asset => {
    const { text = "" } = outputFiles.find(({ path }) => path.endsWith(`.${extension}`)) ?? {};
    const hash = createHash("sha256").update(text).digest("hex").slice(0, 16);
    return { name: `console-${hash}.${extension}`, type, text };
  };
  return {
    script: asset("js", "text/javascript; charset=utf-8"),
    style: asset("css", "text/css; charset=utf-8"),
    licenses: licensesOf(Object.keys(metafile.inputs)),
  };
}

/** The licences of the libraries in the bundle: they must travel with it. */
function licensesOf(files: readonly string[]): string {
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? []);
  const texts = [...new Set(folders)].map((folder) => {
    const cwd = join(root, folder);
    const { name, license } = JSON.parse(readFileSync(join(cwd, "package.json"), "utf8")) as Record<string, string>;
    const [file = ""] = globSync("LICENSE*", { cwd });
    return `${name}: ${license}\n\n${readFileSync(join(cwd, file), "utf8").trim()}\n`;
  });
  return [...new Set(texts)].sort().join(`\n${"-".repeat(72)}\n\n`);
}
