import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Order, Told, Works } from "./worker.ts";

type Options<K extends keyof Works> = Parameters<Works[K]>[1];
type Result<K extends keyof Works> = Awaited<ReturnType<Works[K]>>;

/** A process with a store of its own. */
export interface Worker {
  /** Rejects when the process ends before the work does. */
  run<K extends keyof Works>(work: K, options: Options<K>): Work<Result<K>>;
  /** Tells the work to come to its end. */
  end(): void;
  /** Kills the process, which must be alive. */
  kill(): Promise<void>;
  dismiss(): Promise<void>;
}

/** Something that a worker is at. */
export interface Work<T> {
  /** Resolves once it has opened its store. */
  readonly opened: Promise<void>;
  readonly result: Promise<T>;
}

const script = fileURLToPath(new URL("worker.ts", import.meta.url));

export function startWorker(url: string): Worker {
  const child = spawn(process.execPath, ["--conditions=@usermeta/source", script, url], {
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const exit = once(child, "exit");
  const order = (what: Order): void => void child.send(what);
  return {
    run: (work, options) => {
      const opened = Promise.withResolvers<void>();
      const { promise: result, resolve, reject } = Promise.withResolvers<never>();
      child.on("message", function hear(told: Told) {
        opened.resolve();
        if (told === "opened") return;
        child.off("message", hear);
        resolve(told.result as never);
      });
      void exit.then(([code, signal]) => {
        const failure = new Error(`a worker ended with ${String(code ?? signal)}`);
        opened.reject(failure);
        reject(failure);
      });
      for (const promise of [opened.promise, result]) promise.catch(() => {}); // one that was killed need not be asked
      order({ work, options });
      return { opened: opened.promise, result };
    },
    end: () => order("end"),
    kill: async () => {
      if (child.exitCode !== null) throw new Error(`a worker ended with ${child.exitCode}`);
      child.kill("SIGKILL");
      await exit;
    },
    dismiss: async () => {
      if (child.connected) child.disconnect();
      await exit;
    },
  };
}

/** Lets workers do one work at the same time. */
export function together<K extends keyof Works>(
  workers: readonly Worker[],
  work: K,
  options: (name: number) => Options<K>,
): Work<Result<K>[]> {
  const all = workers.map((worker, name) => worker.run(work, options(name)));
  const opened = Promise.all(all.map((one) => one.opened)).then(() => {});
  opened.catch(() => {});
  return { opened, result: Promise.all(all.map(({ result }) => result)) };
}
