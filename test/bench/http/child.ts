import { type ChildProcess, spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { which } from "../../servers.ts";

/** A process that answers each message by one. */
export interface Child {
  ask<T>(message: object): Promise<T>;
  stop(): Promise<void>;
}

/** The first core is the servers', the others the load's; `undefined` where that cannot be had. */
const cores: Readonly<Record<"server" | "load", string>> | undefined =
  which("taskset") === undefined || availableParallelism() < 2
    ? undefined
    : { server: "0", load: `1-${availableParallelism() - 1}` };

/** Whether servers and load are kept on different cores. */
export const isPinned: boolean = cores !== undefined;

/** Runs a module of this folder in a process of its own, on the cores of its role. It goes away with this one. */
export async function start(module: string, role: "server" | "load"): Promise<Child> {
  const file = fileURLToPath(new URL(module, import.meta.url));
  const command = [process.execPath, "--conditions=@usermeta/source", "--no-warnings", file];
  const [program = "", ...args] = cores === undefined ? command : ["taskset", "-c", cores[role], ...command];
  const env: NodeJS.ProcessEnv = { ...process.env, NODE_ENV: "production" }; // as on a server
  const child: ChildProcess = spawn(program, args, { env, stdio: ["ignore", "ignore", "inherit", "ipc"] });
  await answerOf(child);
  return {
    ask: (message) => {
      const answer = answerOf(child);
      child.send(message);
      return answer as Promise<never>;
    },
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => resolve());
        child.disconnect();
      }),
  };
}

/** The next message; an object with `error` is one, and so is the end of the process. */
function answerOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void): void => {
      child.off("message", onMessage).off("exit", onExit).off("error", onError);
      act();
    };
    const onMessage = (message: { readonly error?: string }): void =>
      settle(() => (message.error === undefined ? resolve(message) : reject(new Error(message.error))));
    const onExit = (code: number | null): void => settle(() => reject(new Error(`a process ended with code ${code}`)));
    const onError = (error: Error): void => settle(() => reject(error));
    child.once("message", onMessage).once("exit", onExit).once("error", onError);
  });
}

/** The other side: answers messages one by one until the parent is gone. */
export function answer(handle: (message: never) => Promise<object>): void {
  process.on("message", (message) => {
    handle(message as never).then(
      (result) => process.send?.(result),
      (error: unknown) => process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : "?" }),
    );
  });
  process.once("disconnect", () => process.exit(0));
  process.send?.({});
}
