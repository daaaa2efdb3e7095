import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Message, Works } from "./worker.ts";

type Options<K extends keyof Works> = Parameters<Works[K]>[1];
type Result<K extends keyof Works> = Awaited<ReturnType<Works[K]>>;

/** A process with a store of its own. */
export interface Worker {
  /** Rejects when the process ends before the work does. */
  run<K extends keyof Works>(work: K, options: Options<K>): Promise<Result<K>>;
  /** Tells the work to come to its end. */
  end(): void;
  /** Kills the process. It must have been alive. */
  kill(): Promise<void>;
  dismiss(): Promise<void>;
}

const script = fileURLToPath(new URL("worker.ts", import.meta.url));

export function startWorker(url: string): Worker {
  const child = spawn(process.execPath, ["--conditions=@usermeta/source", script, url], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exit = once(child, "exit");
  const send = (message: Message): void => void child.send(message);
  let isKilled = false;
  return {
    run: async (work, options) => {
      send({ work, options });
      const result = once(child, "message") as Promise<[{ result: unknown }]>;
      const ended = exit.then(([code, signal]) => {
        throw new Error(isKilled ? "killed" : `a worker ended with ${String(code ?? signal)}`);
      });
      const [message] = await Promise.race([result, ended]);
      return message.result as never;
    },
    end: () => send("end"),
    kill: async () => {
      if (child.exitCode !== null) throw new Error(`a worker ended with ${child.exitCode}`);
      isKilled = true;
      child.kill("SIGKILL");
      await exit;
    },
    dismiss: async () => {
      if (child.connected) child.disconnect();
      await exit;
    },
  };
}

/** Lets so many workers do a work at the same time. */
export async function together<K extends keyof Works>(
  workers: readonly Worker[],
  work: K,
  options: (name: number) => Options<K>,
): Promise<Result<K>[]> {
  return Promise.all(workers.map((worker, name) => worker.run(work, options(name))));
}
