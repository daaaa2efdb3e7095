import { readFileSync } from "node:fs";

/** The code of a page of docs/, by the language of its blocks; the last one of a language wins. */
export function blocksOf(page: string): ReadonlyMap<string, string> {
  const markdown = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), "utf8");
  return new Map(
    [...markdown.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].map(([, language = "", code = ""]) => [language, code]),
  );
}
