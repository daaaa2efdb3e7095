import { readFileSync } from "node:fs";
import { basename } from "node:path";

/**
 * Calls back once the package manager that started this process is gone. `npx pnpm start` is a chain of processes, and
 * killing the first one would leave the last one behind. The user's own shell is not watched. Needs /proc, so Linux.
 */
export function onRunnerGone(callback: () => void): void {
  const chain = ancestors();
  const last = chain.findLastIndex(({ isRunner }) => isRunner);
  const watched = chain.slice(0, last + 1);
  if (watched.length === 0) return;
  const intact = () =>
    process.ppid === watched[0]?.pid &&
    watched.slice(0, -1).every(({ pid, parent }) => readProcess(pid)?.parent === parent);
  const timer = setInterval(() => {
    if (intact()) return;
    clearInterval(timer);
    callback();
  }, 500);
  timer.unref();
}

interface Ancestor {
  readonly pid: number;
  readonly parent: number;
  readonly isRunner: boolean;
}

/** The processes above this one, nearest first. */
function ancestors(): Ancestor[] {
  const found: Ancestor[] = [];
  for (let next = readProcess(process.ppid); next !== undefined; next = readProcess(next.parent)) found.push(next);
  return found;
}

function readProcess(pid: number): Ancestor | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    const [program = "", script = ""] = readFileSync(`/proc/${pid}/cmdline`, "latin1").split(/[\0 ]/);
    const name = basename(program) === "node" ? basename(script) : basename(program);
    return { pid, parent, isRunner: /^(npm|npx|pnpm)/.test(name) };
  } catch {
    return undefined; // it is gone, or there is no /proc
  }
}
