// Takes one defence after the other out of the source, and shows that a test of attacks fails then: `pnpm run mutations`.
// Writes docs/attacks.md. A text in the arguments runs only the attacks whose source or words hold it, and writes nothing;
// `--verbose` shows how each test fails.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { attacks } from "./mutations.ts";
import { attacksPage, type Outcomes } from "./page.ts";
import { root, runAttacks } from "./run.ts";

const verbose = process.argv.includes("--verbose");
const [only = ""] = process.argv.slice(2).filter((argument) => argument !== "--verbose");
const chosen = attacks.filter(({ source, attack }) => `${source} ${attack}`.includes(only));

const intact = await runAttacks("");
const failing = intact.filter((test) => test.result().state !== "passed");
if (failing.length > 0)
  throw new Error(`fail already with every defence in: ${failing.map((test) => test.fullName).join(", ")}`);
console.log(`${intact.length} tests of attacks pass with every defence in`);

const outcomes: Outcomes = new Map();
for (const { source, defences } of chosen) {
  console.log(`\n${source}`);
  for (const [defence, mutation] of Object.entries(defences)) {
    const tests = await runAttacks(mutation.test, mutation);
    if (tests.length === 0) throw new Error(`no test is named ${mutation.test}`);
    const errors = tests.flatMap((test) => test.result().errors ?? []);
    // Any other error says that the entry is wrong, and nothing of the test.
    const other = errors.find(({ name }) => name !== "AssertionError");
    if (other !== undefined) throw new Error(`${defence}: ${other.name}: ${other.message}`);
    outcomes.set(mutation, errors.length > 0);
    console.log(
      `  ${errors.length > 0 ? "killed  " : "SURVIVED"}  ${defence}${verbose ? `: ${errors[0]?.message}` : ""}`,
    );
  }
}

const survived = [...outcomes.values()].filter((killed) => !killed).length;
console.log(`\n${outcomes.size} defences taken out, ${survived} of them missed by the tests`);
if (only === "") writeFileSync(join(root, "docs/attacks.md"), attacksPage(outcomes));
process.exitCode = survived === 0 ? 0 : 1;
