import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { setTimeout } from "node:timers/promises";
import { familyOf, freeze, thaw } from "../servers.ts";
import { openAt } from "./open.ts";

/** A server that can be killed, frozen, and started again on its data and its port. */
export interface Mortal {
  /** Kills all its processes at once. */
  kill(): Promise<void>;
  /** Resolves once it answers. */
  start(): Promise<void>;
  freeze(): Promise<void>;
  thaw(): void;
  stop(): Promise<void>;
}

/** How a server is started. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
}

const user = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

/** Runs a server until its own standard input closes, so that it ends with this process, also when that is killed. */
export async function launch({
  file,
  args,
}: Program): Promise<{ readonly pid: number; readonly stop: () => Promise<void> }> {
  const script = `exec 3<&0; "$0" "$@" <&3 >/dev/null 2>&1 & p=$!; echo $p; cat >/dev/null; kill -KILL $p 2>/dev/null`;
  const shell = spawn("/bin/sh", ["-c", script, file, ...args], {
    ...user,
    cwd: tmpdir(),
    env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [pid] = (await once(shell.stdout, "data")) as [Buffer];
  const stop = async (): Promise<void> => {
    shell.stdin.end();
    if (shell.exitCode === null) await once(shell, "exit");
  };
  return { pid: Number(pid), stop };
}

/** How a running server was started. */
export function programOf(pid: number): Program {
  const [file = "", ...args] = ps("-ww", "-o", "args=", "-p", String(pid)).trimEnd().split(" ");
  return { file, args };
}

/** Makes a running server mortal. @param url where it must answer before it counts as started */
export function mortal(program: Program, first: number, url: string): Mortal {
  let pid = first;
  const lives: (() => Promise<void>)[] = [];
  return {
    kill: async () => {
      await freeze(pid); // so that it has no more children meanwhile
      const family = familyOf(pid);
      for (const one of family) process.kill(one, "SIGKILL");
      while (family.some(isAlive)) await setTimeout(5);
    },
    start: async () => {
      const life = await launch(program);
      pid = life.pid;
      lives.push(life.stop);
      await untilAnswering(url);
    },
    freeze: () => freeze(pid),
    thaw: () => thaw(pid),
    stop: async () => void (await Promise.all(lives.map((stop) => stop()))),
  };
}

/** Resolves once a store answers. */
export async function untilAnswering(url: string): Promise<void> {
  for (const end = performance.now() + 60_000; ; await setTimeout(20)) {
    const store = await openAt(url).catch(() => undefined);
    const failure = store ? await store.ping().catch((error: unknown) => error) : "closed";
    await store?.close();
    if (failure === undefined) return;
    if (performance.now() > end) throw new Error(`${url} does not answer`, { cause: failure });
  }
}

const isAlive = (pid: number): boolean => /^[^Z]/.test(ps("-o", "stat=", "-p", String(pid)).trim());

const ps = (...args: readonly string[]): string => spawnSync("ps", args, { encoding: "utf8" }).stdout;
