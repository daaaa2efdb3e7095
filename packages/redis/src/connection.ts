import { setMaxListeners } from "node:events";
import { setTimeout } from "node:timers/promises";
import { UserMetaError } from "@usermeta/core";
import { clientFor, type OwnClient, patience, type RedisClient, type RedisCluster, subscribe } from "./client.ts";
import { codeOf, toStoreError } from "./failure.ts";
import type { Script } from "./layout.ts";

/** Sends commands that all have to be answered before one deadline. */
export interface Sender {
  /** Sends a command to the server that holds the key. */
  command(key: string, ...args: readonly string[]): Promise<unknown>;
  /** Runs a script on the server that holds its keys. */
  script(script: Script, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** Sends a command to every server that holds keys. */
  everywhere(...args: readonly string[]): Promise<readonly unknown[]>;
}

/** A client, with a deadline on everything. */
export interface Connection {
  readonly isCluster: boolean;
  /** Runs one operation. Rejects with `store_unavailable` when Redis is out of reach or late, and `invalid_config`. */
  attempt<T>(work: (send: Sender) => Promise<T>): Promise<T>;
  /** Calls `onMessage` for every message, and `onGap` when some may have been missed. Returns the way to stop. */
  subscribe(channel: string, onMessage: (message: string) => void, onGap: () => void): () => void;
  /** Later attempts reject; a client of our own is closed. */
  close(): void;
}

/** Opens nothing yet; a URL is connected to by the first attempt. Throws `invalid_config` for a URL that is none. */
export function connect(given: RedisClient | RedisCluster | string): Connection {
  const subscriptions = new Set<() => void>();
  let lastError: unknown;
  let closed = false;
  // An error event that nobody listens to would end the process; the operations that fail tell of it.
  const listen = (error: unknown): void => {
    lastError = error;
  };
  let own = typeof given === "string" ? clientFor(given, listen) : undefined;
  if (typeof given !== "string") given.on("error", listen);
  const client = (): RedisClient | RedisCluster => own?.client ?? (given as RedisClient | RedisCluster);

  /** Replaces a connection over which no answer comes: commands that go on being sent would keep it alive. */
  function renew(silent: OwnClient | undefined): void {
    if (typeof given !== "string" || own !== silent || !silent?.client.isReady || closed) return;
    own = clientFor(given, listen);
    silent.client.destroy();
  }

  async function attempt<T>(work: (send: Sender) => Promise<T>): Promise<T> {
    if (closed) throw new UserMetaError("store_unavailable", "the store is closed");
    const used = own;
    const { inTime, signal, end } = deadline(() => renew(used));
    try {
      if (used) await inTime(used.open());
      return await work(senderOf(used?.client ?? client(), signal, inTime));
    } catch (error) {
      throw toStoreError(error, lastError);
    } finally {
      end();
    }
  }

  return {
    isCluster: "masters" in client(),
    attempt,
    subscribe: (channel, onMessage, onGap) => {
      const end = subscribe(client(), channel, onMessage, onGap);
      const stop = (): void => {
        if (subscriptions.delete(stop)) end();
      };
      subscriptions.add(stop);
      return stop;
    },
    close: () => {
      if (closed) return;
      closed = true;
      for (const stop of subscriptions) stop();
      if (own) own.client.destroy();
      else client().off("error", listen);
    },
  };
}

/** One operation's deadline. When it passes, what was not sent yet never is, and says so before the rest is given up. */
function deadline(onPassed: () => void): {
  readonly signal: AbortSignal;
  readonly inTime: <T>(answer: Promise<T>) => Promise<T>;
  readonly end: () => void;
} {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = globalThis.setTimeout(() => {
      controller.abort();
      setImmediate(() => {
        reject(new Error("Redis did not answer in time"));
        onPassed();
      });
    }, patience);
  });
  late.catch(() => {});
  return {
    signal: controller.signal,
    inTime: (answer) => Promise.race([answer, late]),
    end: () => clearTimeout(timer),
  };
}

function senderOf(
  client: RedisClient | RedisCluster,
  abortSignal: AbortSignal,
  inTime: <T>(answer: Promise<T>) => Promise<T>,
): Sender {
  // Instead of the client's own: strings are strings, and our signal is the only deadline.
  const options = { abortSignal, timeout: 0, typeMapping: {} };
  const command: Sender["command"] = (key, ...args) =>
    // Never to a replica, which may not know the latest writes.
    inTime(
      "masters" in client ? client.sendCommand(key, false, [...args], options) : client.sendCommand(args, options),
    );
  return {
    command,
    script: async ({ text, sha }, keys, args) => {
      const [key = ""] = keys;
      const rest = [String(keys.length), ...keys, ...args];
      for (let known = true; ; ) {
        try {
          return await (known ? command(key, "EVALSHA", sha, ...rest) : command(key, "EVAL", text, ...rest));
        } catch (error) {
          const code = codeOf(error);
          if ((code !== "NOSCRIPT" && code !== "TRYAGAIN") || abortSignal.aborted) throw error;
          // A server that was restarted, or that took over, does not know the script yet.
          if (code === "NOSCRIPT") known = false;
          // The user's slot is on its way to another node; it will soon be there.
          else await setTimeout(20);
        }
      }
    },
    everywhere: async (...args) => {
      if (!("masters" in client)) return [await inTime(client.sendCommand(args, options))];
      const send = async (node: RedisCluster["masters"][number]): Promise<unknown> =>
        (await client.nodeClient(node)).sendCommand(args, options);
      return Promise.all(client.masters.map((node) => inTime(send(node))));
    },
  };
}
