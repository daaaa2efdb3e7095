import { closeSync, existsSync, fsyncSync, openSync } from "node:fs";
import { extname } from "node:path";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { type ErrorCode, type MetadataStore, UserMetaError } from "@usermeta/core";
import { type SqliteOptions, sqliteStore } from "@usermeta/sqlite";

/** What an import asks of its store. */
type Method = "read" | "write" | "sync" | "ping" | "close";
/** A call, as it crosses to the thread. */
type Call = readonly [id: number, method: Method, argument: unknown];
type Answer =
  | readonly [id: number, outcome: "done", value: unknown]
  | readonly [id: number, outcome: "refused", code: ErrorCode, message: string]
  | readonly [id: number, outcome: "failed", error: unknown];

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: unknown) => void;
}

interface Opening extends SqliteOptions {
  readonly file: string;
}

/** A store whose writes outlive a kill at once, and a loss of power after `sync`. */
export interface ImportStore extends MetadataStore {
  sync(): Promise<void>;
}

/** Young objects of the thread: what waits to be written is small, and garbage soon after. */
const limits = { maxYoungGenerationSizeMb: 8 };

/**
 * An SQLite file in a thread of its own, for an import: its driver stops the thread that calls it, so that on another one
 * the next rows are made ready while the last are written. Syncing once a second instead of at each commit makes no
 * difference to what is promised, because the position is saved after it. `list`, `history` and `erase` are `not_supported`.
 */
export async function openStoreThread(file: string, options: SqliteOptions): Promise<ImportStore> {
  const script = new URL(`store-thread${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(script, { workerData: { file, ...options } satisfies Opening, resourceLimits: limits });
  const waiting = new Map<number, Waiting>();
  let calls = 0;
  let ended: unknown;
  const end = (error: unknown): void => {
    ended ??= error;
    for (const call of waiting.values()) call.reject(error);
    waiting.clear();
  };
  worker.on("error", end);
  worker.on("exit", () => end(new UserMetaError("store_unavailable", "the store is closed")));
  worker.on("message", (answer: Answer) => {
    const [id, outcome] = answer;
    const call = waiting.get(id);
    waiting.delete(id);
    if (outcome === "done") call?.resolve(answer[2] as never);
    else if (outcome === "refused") call?.reject(new UserMetaError(answer[2], answer[3]));
    else call?.reject(answer[2]);
  });
  const call = <T>(method: Method, argument?: unknown): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      calls++;
      waiting.set(calls, { resolve, reject });
      worker.postMessage([calls, method, argument] satisfies Call);
    });
  const elsewhere = async (): Promise<never> => {
    throw new UserMetaError("not_supported", "an import reads and writes records only");
  };
  const maxRecordBytes = await call<number>("ping");
  return {
    maxRecordBytes,
    read: (userIds) => call("read", userIds),
    write: (puts) => call("write", puts),
    sync: () => call("sync"),
    ping: () => call("ping"),
    close: () => call("close"),
    list: elsewhere,
    history: elsewhere,
    erase: elsewhere,
  };
}

function serve({ file, ...options }: Opening): void {
  let store: MetadataStore | undefined;
  async function answer([id, method, argument]: Call): Promise<Answer> {
    try {
      store ??= sqliteStore(file, { ...options, durability: "normal" });
      switch (method) {
        case "read":
          return [id, "done", await store.read(argument as string[])];
        case "write":
          return [id, "done", await store.write(argument as never)];
        case "sync":
          return [id, "done", sync(`${file}-wal`)];
        case "ping":
          await store.ping();
          return [id, "done", store.maxRecordBytes];
        case "close":
          return [id, "done", await store.close()];
      }
    } catch (error) {
      return error instanceof UserMetaError ? [id, "refused", error.code, error.message] : [id, "failed", error];
    }
  }
  parentPort?.on("message", (call: Call) => {
    void answer(call).then((answered) => {
      parentPort?.postMessage(answered);
      if (call[1] === "close") parentPort?.close();
    });
  });
}

/** What SQLite itself does at each commit when it is to outlive a loss of power; older commits are in the file, synced. */
function sync(log: string): void {
  if (!existsSync(log)) return; // in memory, or nothing written yet
  const descriptor = openSync(log, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

if (!isMainThread && (workerData as Partial<Opening> | null)?.file !== undefined) serve(workerData as Opening);
