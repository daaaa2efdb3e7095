import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "vitest/config";
import { createVitest, type TestCase, type TestModule } from "vitest/node";
import { type Mutation, suites } from "./mutations.ts";

export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** The source without its defence. Throws when the text is not there exactly once: such an entry shows nothing. */
export function mutate(source: string, { file, find, replace }: Mutation): string {
  const occurrences = source.split(find).length - 1;
  if (occurrences !== 1) throw new Error(`${file} holds ${JSON.stringify(find)} ${occurrences} times instead of once`);
  return source.replace(find, () => replace);
}

/** What became of every test of attacks whose name holds the text, with one defence taken out, in memory. */
export async function runAttacks(name: string, mutation?: Mutation): Promise<readonly TestCase[]> {
  let applied = false;
  const plugin: Plugin = {
    name: "mutation",
    enforce: "pre",
    transform(source, id) {
      if (mutation === undefined || id.split("?")[0] !== join(root, "packages", mutation.file)) return undefined;
      applied = true;
      return mutate(source, mutation);
    },
  };
  const vitest = await createVitest(
    // Without the cache of transformed modules: it would bring back the source as it is.
    { root, watch: false, reporters: [{}], testNamePattern: literally(name), fsModuleCache: false },
    { plugins: [plugin] },
  );
  try {
    const folder = mutation === undefined ? "" : `packages/${mutation.file.replace(/\/.*/, "")}/`;
    const { testModules, unhandledErrors } = await vitest.start(suites.filter((suite) => suite.startsWith(folder)));
    const broken = testModules.flatMap((module) => errorsOf(module));
    if (unhandledErrors.length + broken.length > 0)
      throw new Error(`the tests could not run: ${JSON.stringify([...unhandledErrors, ...broken])}`);
    if (mutation !== undefined && !applied) throw new Error(`${mutation.file} was not loaded by the tests`);
    return testModules
      .flatMap((module) => [...module.children.allTests()])
      .filter((test) => test.result().state !== "skipped");
  } finally {
    await vitest.close();
  }
}

/** Errors outside of tests, e.g. of a mutation that does not compile. */
const errorsOf = (module: TestModule): readonly string[] => module.errors().map(({ message }) => message);
const literally = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
