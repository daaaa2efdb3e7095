import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { errorsPage } from "../docs/errors.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

it("docs/errors.md says what the table of errors says: run `pnpm run docs`", () => {
  expect(read("docs/errors.md")).toBe(errorsPage());
  expect(errorsPage()).not.toContain("undefined");
});

const pages = globSync(["*.md", "docs/**/*.md", "packages/*/*.md", "examples/*/*.md"], { cwd: root });

it.each(pages)("%s links to files that exist", (page) => {
  expect(targets(read(page)).filter((target) => !existsSync(join(root, dirname(page), target)))).toEqual([]);
});

it.each(pages)("%s names files of this repository that exist in its code blocks", (page) => {
  const blocks = [...read(page).matchAll(/^```[^\n]*\n([\s\S]*?)^```/gm)].map(([, block]) => block ?? "").join("\n");
  const named = [...blocks.matchAll(/(?<![\w./@-])(?:packages|examples|docs|test)\/[\w./-]*\w/g)].map(([path]) => path);
  expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([]);
});

/** Relative targets of a page's links, without their fragments. */
function targets(markdown: string): string[] {
  const text = markdown.replace(/^```[\s\S]*?^```/gm, "").replace(/`[^`\n]*`/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)/g)]
    .map(([, target = ""]) => target.replace(/#.*$/, ""))
    .filter((target) => target !== "" && !/^[a-z][a-z+.-]*:/.test(target));
}
