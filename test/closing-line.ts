import type { Reporter, SerializedError, TestModule, TestSuite } from "vitest/node";

/** Prints the contract of bindings by mount, says why tests were skipped, and prints as the very last line how many passed, failed and were skipped. */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    // An error outside every test fails the run as much as a failing test does.
    const counts = { passed: 0, failed: errors.length, skipped: 0 };
    const skips = new Map<string, string[]>();
    for (const module of modules) {
      let failedTests = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        const state = result.state === "pending" ? "skipped" : result.state;
        counts[state]++;
        if (state === "failed") failedTests++;
        if (state !== "skipped") continue;
        const note = "note" in result ? result.note : undefined;
        const reason = note ?? (hookFailed(test.parent) ? "a hook of its suite failed" : "no reason given");
        skips.set(reason, [...(skips.get(reason) ?? []), test.fullName]);
      }
      if (failedTests === 0 && module.state() === "failed") counts.failed++; // it could not be loaded, or a hook failed
    }
    const notes = [...skips].map(([reason, [first, ...others]]) =>
      others.length === 0 ? `skipped: ${first}: ${reason}` : `skipped: ${others.length + 1} tests: ${reason}`,
    );
    const contracts = modules.filter(({ moduleId }) => moduleId.includes("/test/bindings/")).flatMap(contractRows);
    const closing = `usermeta: ${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;
    process.once("exit", () => process.stdout.write(`${[...contracts, ...notes, closing].join("\n")}\n`));
  }
}

const hookFailed = (suite: TestSuite | TestModule): boolean =>
  suite.errors().length > 0 || (suite.type === "suite" && hookFailed(suite.parent));

/** A line for each mount that the contract of bindings ran over. */
function contractRows(module: TestModule): string[] {
  return [...module.children.suites()].map((mount) => {
    const tests = [...mount.children.allTests()];
    const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
    return `contract on ${mount.name.padEnd(45)} ${count("passed")} of ${tests.length} passed, ${count("skipped")} skipped`;
  });
}
