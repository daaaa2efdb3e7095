import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const source = ["--conditions=@usermeta/source", fileURLToPath(new URL("../src/main.ts", import.meta.url))];

/** `usermeta …` in a process and a folder of its own. */
export interface Command {
  readonly child: ChildProcess;
  readonly folder: string;
  /** Everything it printed so far, on both outputs. */
  readonly printed: () => string;
  /** Resolves with its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  /** Where it runs; a new folder by default. */
  readonly folder?: string;
  /** How Node itself is started. @default from source */
  readonly node?: readonly string[];
}

/** A folder that goes away with the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "usermeta-command-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs the command, from its source by default. It is killed with the test that started it. */
export function start(
  args: readonly string[],
  { env = {}, folder = scratchFolder(), node = source }: Surroundings = {},
): Command {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(process.execPath, [...node, ...args], {
    cwd: folder,
    env: { NODE_ENV: "production", PATH, HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = once(child, "close").then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { child, folder, printed: () => text, ended };
}

/** One line of the server's log. */
export type Line = Readonly<Record<string, unknown>> & { readonly message: string };

/** A server that listens. */
export interface Served extends Command {
  readonly url: string;
  readonly lines: () => readonly Line[];
  /** The first line of this message, once it is there. */
  readonly line: (message: string) => Promise<Line>;
  /** Ends it as a supervisor does. */
  readonly stop: () => Promise<number | NodeJS.Signals>;
}

/** Starts `usermeta serve` on a free port, and waits until it listens. */
export async function serve(args: readonly string[] = [], surroundings: Surroundings = {}): Promise<Served> {
  const command = start(["serve", "--port", "0", ...args], surroundings);
  const lines = () =>
    command
      .printed()
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .flatMap(parse);
  const line = async (message: string): Promise<Line> => {
    for (;;) {
      const found = lines().find((one) => one.message === message);
      if (found !== undefined) return found;
      const news = [once(command.child.stdout as NodeJS.ReadableStream, "data"), command.ended];
      if (typeof (await Promise.race(news)) !== "object") throw new Error(`it ended before: ${command.printed()}`);
    }
  };
  const { url } = await line("listening");
  const stop = async () => {
    command.child.kill("SIGTERM");
    return command.ended;
  };
  return { ...command, url: String(url), lines, line, stop };
}

function parse(line: string): Line[] {
  try {
    return [JSON.parse(line) as Line];
  } catch {
    return []; // not whole yet
  }
}
