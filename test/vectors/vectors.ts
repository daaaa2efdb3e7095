import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { describe, expect, it } from "vitest";

const beside = fileURLToPath(new URL("../../../shared/vectors", import.meta.url));
/** The folder of the test vectors: beside the checkout, or wherever USERMETA_VECTORS says. */
export const folder: string = process.env["USERMETA_VECTORS"] ?? beside;

/** A file of the vectors' folder as an address to import or to run. */
export function vectorUrl(file: string): URL {
  return new URL(file, pathToFileURL(`${folder}/`));
}

const missing =
  "the test vectors are not in ../shared/vectors beside the checkout: name their folder in USERMETA_VECTORS";

/** A suite over one file of vectors. A plain clone has no vectors: then it is one skipped test that says so. */
export function describeVectors<T>(title: string, file: string, body: (cases: readonly T[]) => void): void {
  describe(title, () => {
    if (!existsSync(vectorUrl(file))) return it("needs the test vectors", (context) => context.skip(missing));
    const { cases, counts } = JSON.parse(readFileSync(vectorUrl(file), "utf8")) as Vectors<T>;
    it("has as many cases as its file says", () => expect(cases).toHaveLength(counts.total));
    body(cases);
  });
}

interface Vectors<T> {
  readonly counts: { readonly total: number };
  readonly cases: readonly T[];
}

interface Row {
  cases: number;
  passed: number;
  preferred: number;
  /** Cases that passed with an answer that the file merely tolerates. */
  readonly others: string[];
}

const newRow = (): Row => ({ cases: 0, passed: 0, preferred: 0, others: [] });

/** Counts per group, printed as one table when a suite is over. */
export class Tally {
  readonly #title: string;
  readonly #rows = new Map<string, Row>();

  constructor(title: string) {
    this.#title = title;
  }

  /** Runs one case. It resolves to whether the answer was the preferred one; it throws when the case fails. */
  async run(group: string, id: string, check: () => Promise<boolean>): Promise<void> {
    const row = this.#rows.get(group) ?? newRow();
    this.#rows.set(group, row);
    row.cases++;
    const preferred = await check();
    row.passed++;
    if (preferred) row.preferred++;
    else row.others.push(id);
  }

  print(): void {
    if (this.#rows.size === 0) return;
    const total = newRow();
    for (const row of this.#rows.values()) {
      for (const key of ["cases", "passed", "preferred"] as const) total[key] += row[key];
      total.others.push(...row.others);
    }
    const lines = [...this.#rows, ["total", total] as const].map(
      ([group, { cases, passed, preferred }]) =>
        `  ${group.padEnd(12)}${String(cases).padStart(6)} cases${String(passed).padStart(6)} passed${String(preferred).padStart(6)} preferred`,
    );
    if (total.others.length > 0) lines.push(`  not preferred: ${total.others.join(", ")}`);
    console.log([this.#title, ...lines].join("\n"));
  }
}
