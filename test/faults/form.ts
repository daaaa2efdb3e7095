import { closeSync, openSync, writeSync } from "node:fs";

/** The long form is `USERMETA_FAULTS=full vitest run test/faults`; the short one belongs to the ordinary test run. */
export const isFull = process.env["USERMETA_FAULTS"] === "full";

/** Seconds of each experiment that goes on for a time. */
export const seconds = Number(process.env["USERMETA_FAULT_SECONDS"] ?? (isFull ? 60 : 2));

/** What one form or the other does, e.g. how often. */
export const form = <T>(short: T, full: T): T => (isFull ? full : short);

/** Processes that share a store. */
export const processes = 4;

/** Milliseconds on a clock that all processes of the machine share and that nobody sets. */
export const clock = (): number => Number(process.hrtime.bigint() / 1000n) / 1000;

/** The highest of any number of numbers: `Math.max` takes some 100,000. */
export const highest = (numbers: readonly number[]): number => numbers.reduce((a, b) => Math.max(a, b), 0);

export type Figures = Readonly<Record<string, string | number>>;

const rows = new Map<string, Figures[]>();

/** Adds a row to an experiment's table. */
export function report(experiment: string, store: string, figures: Figures): void {
  rows.set(experiment, [...(rows.get(experiment) ?? []), { store, ...figures }]);
}

/** Prints the tables of the long form's experiments, in Markdown. */
export function printReport(): void {
  if (!isFull || rows.size === 0) return;
  const lines = [...rows].flatMap(([experiment, all]) => {
    const names = Object.keys(all[0] ?? {});
    const cells = all.map((row) => names.map((name) => toText(row[name])));
    return [`\n${experiment}`, ...[names, names.map(() => "---"), ...cells].map((row) => `| ${row.join(" | ")} |`)];
  });
  console.info(lines.join("\n"));
  rows.clear();
}

const toText = (value: string | number | undefined): string =>
  typeof value === "number" ? Math.round(value).toLocaleString("en") : String(value ?? "");

/** Shows on the terminal, if there is one, how far the long form is. */
export function progress(text: string): void {
  if (!isFull) return;
  try {
    const terminal = openSync("/dev/tty", "w");
    writeSync(terminal, `\r\x1b[K${text}`);
    closeSync(terminal);
  } catch {
    // There is no terminal.
  }
}
