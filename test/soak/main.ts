// The long form of the soak: `pnpm soak`, or `pnpm soak 60 5` for 60 seconds and 5 kills.
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { killAgainAndAgain } from "./kills.ts";
import { load } from "./load.ts";

const [seconds = 600, kills = 50] = process.argv.slice(2).map(Number);
const clients = 64;
const mebibytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);
const say = (text: string): void => void process.stdout.write(text);
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

const folder = mkdtempSync(join(tmpdir(), "usermeta-soak-"));
try {
  say(`${clients} clients for ${seconds} seconds, Node ${process.version}\n\n`);
  let second = 0;
  const result = await load(folder, {
    clients,
    seconds,
    onSecond: (memory) => {
      if (++second % 60 === 0) say(`minute ${second / 60}: resident memory ${mebibytes(memory)} MiB\n`);
    },
  });
  const { requests, kinds, errors, memory, exitCode } = result;
  const part = Math.max(1, Math.floor(memory.length / 10));
  const tenths = Array.from({ length: 10 }, (_, i) => mebibytes(median(memory.slice(i * part, (i + 1) * part))));
  say(`
| | |
|---|---|
| requests | ${requests.toLocaleString("en")}, ${Math.round(requests / seconds).toLocaleString("en")} a second |
| of these | ${Object.entries(kinds)
    .map(([kind, count]) => `${kind} ${count.toLocaleString("en")}`)
    .join(", ")} |
| errors | ${[...errors.values()].reduce((a, b) => a + b, 0)} |
| resident memory, medians of tenths of the time | ${tenths.join(", ")} MiB |
| highest | ${mebibytes(Math.max(...memory))} MiB |
| database at the end | ${mebibytes(statSync(join(folder, "usermeta.db")).size)} MiB |
| exit code | ${exitCode} |
`);
  for (const [error, count] of [...errors].slice(0, 20)) say(`${count} times: ${error}\n`);
  const [early, late] = [median(memory.slice(2 * part, 5 * part)), median(memory.slice(7 * part))];
  const growth = (100 * (late - early)) / early;
  say(`\nFrom the third to fifth tenth to the last three: ${growth.toFixed(1)} % of resident memory\n`);

  const killed = await killAgainAndAgain(folder, { kills, clients });
  say(`
| kills | acknowledged writes | unanswered | lost |
|---|---|---|---|
| ${killed.kills} | ${killed.acknowledged.toLocaleString("en")} | ${killed.unanswered.toLocaleString("en")} | ${killed.lost.length} |
`);
  for (const line of killed.lost.slice(0, 20)) say(`${line}\n`);
  if (errors.size > 0 || killed.lost.length > 0 || exitCode !== 0 || growth > 10) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
