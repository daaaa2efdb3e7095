import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { checkOut, type PostgresPool, within } from "./database.ts";

/** What a watcher hears. */
export type Listener = (event: { readonly userId: string } | "gap") => void;

/** The channel of a namespace. Channels are the database's, whatever the schema. */
export function channelOf(namespace: string): string {
  return `usermeta_${createHash("sha256").update(namespace).digest("hex").slice(0, 16)}`;
}

/** Milliseconds between two proofs that the listening connection still lives. */
const heartbeat = 5_000;
/** Milliseconds before the first and between later attempts to listen again. */
const [firstPause, longestPause] = [50, 5_000];

/**
 * Listens on a connection of its own, and again on another one when that is lost. Whenever it begins to listen and
 * whenever it cannot, some writes may have been missed: `"gap"`. Returns the way to stop.
 *
 * @param sender what the payloads of this process begin with; those are left out
 */
export function listen(
  pool: Pick<PostgresPool, "connect">,
  { channel, sender, timeout }: { readonly channel: string; readonly sender: string; readonly timeout: number },
  listener: Listener,
): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  const hear = (notification: unknown): void => {
    const { channel: from, payload = "" } = notification as { channel: string; payload?: string };
    if (from === channel && !payload.startsWith(sender)) listener({ userId: payload.slice(sender.length) });
  };

  /** Rejects when the connection is lost, or when it is to stop. */
  async function session(): Promise<void> {
    const client = await checkOut(pool, timeout);
    const lost = new AbortController();
    const ended = AbortSignal.any([signal, lost.signal]);
    const lose = (): void => lost.abort();
    client.on("error", lose);
    client.on("end", lose);
    client.on("notification", hear);
    try {
      await within(timeout, client.query({ text: `LISTEN ${channel}` }));
      ended.throwIfAborted();
      listener("gap");
      failures = 0;
      for (;;) {
        await pause(heartbeat, undefined, { signal: ended });
        await within(timeout, client.query({ text: "SELECT 1" }));
      }
    } finally {
      client.removeListener("notification", hear);
      client.release(true);
      client.removeListener("error", lose);
      client.removeListener("end", lose);
    }
  }

  let failures = 0;
  async function listening(): Promise<void> {
    while (!signal.aborted) {
      await session().catch(() => {});
      if (signal.aborted) return;
      listener("gap");
      const longest = Math.min(firstPause * 2 ** failures++, longestPause);
      await pause(Math.random() * longest, undefined, { signal }).catch(() => {});
    }
  }
  void listening();
  return () => stopping.abort();
}
