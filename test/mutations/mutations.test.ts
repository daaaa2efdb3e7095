import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { attacks } from "./mutations.ts";
import { attacksPage } from "./page.ts";
import { mutate, root } from "./run.ts";

const all = attacks.flatMap(({ source, defences }) =>
  Object.entries(defences).map(([defence, mutation]) => [`${source}: ${defence}`, mutation] as const),
);

it.each(all)("can be taken out: %s", (_, mutation) => {
  const source = readFileSync(join(root, "packages", mutation.file), "utf8");
  expect(mutate(source, mutation)).not.toBe(source);
});

it("docs/attacks.md shows every defence, each with a test that fails without it: run `pnpm run mutations`", () => {
  const page = readFileSync(join(root, "docs/attacks.md"), "utf8");
  expect(page).toBe(attacksPage(new Map(all.map(([, mutation]) => [mutation, true]))));
});
