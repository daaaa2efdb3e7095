import { UserMetaClientError } from "./error.ts";
import type { Metadata, State } from "./metadata.ts";
import { backoff, pause, type Send, toError } from "./request.ts";

/** What keeps a client up to date. */
export interface LiveOptions {
  /** The same for all tabs that show the same user's metadata. */
  readonly name: string;
  readonly send: Send;
  /** What this tab has. */
  readonly last: () => State | undefined;
  /** What may be newer than that. */
  readonly onNews: (state: State) => void;
  /** There is no stream to be had: not here, or not with this session. */
  readonly onEnd: (error: UserMetaClientError) => void;
}

/** What keeps running until it is stopped. */
export interface Live {
  readonly name: string;
  /** Tells the other tabs. */
  readonly tell: (state: State) => void;
  readonly stop: () => void;
}

/**
 * Hears of changes by one stream of events for all tabs: the tab that gets the lock holds the connection and tells the
 * others; when it goes away the browser gives the lock to another. Where there are no locks every tab connects.
 */
export function goLive({ send, name, last, onNews, onEnd }: LiveOptions): Live {
  const controller = new AbortController();
  const { signal } = controller;
  const channel = globalThis.BroadcastChannel && new BroadcastChannel(name);
  const tell = (state?: State): void => channel?.postMessage(state);
  let isHolder = false;

  const hold = (): Promise<void> => {
    isHolder = true;
    return follow(send, signal, last, (state) => {
      onNews(state);
      tell(state);
    });
  };

  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<State | null | undefined>): unknown => {
      const known = last();
      if (!data) return isHolder && tell(known);
      if (data.view.userId === known?.view.userId) onNews(data);
    };
    tell(); // asks the holder for what came before this tab listened
  }
  const locks = globalThis.navigator?.locks as LockManager | undefined;
  (locks ? locks.request(name, { signal }, hold) : hold()).catch(
    (error: unknown) => signal.aborted || onEnd(toError(error)),
  );

  return {
    name,
    tell,
    stop: () => {
      controller.abort();
      channel?.close();
    },
  };
}

/** Milliseconds without a heartbeat after which a connection is dead, whatever the network says. */
const silence = 60_000;
/** Answers that do not change by asking again. */
const final = [401, 403, 404, 405, 501];

/** Follows the events, and connects again whenever they end. Throws when asking again would not help. */
async function follow(
  send: Send,
  signal: AbortSignal,
  last: LiveOptions["last"],
  onNews: LiveOptions["onNews"],
): Promise<void> {
  for (let failures = 1; !signal.aborted; failures++) {
    const connection = new AbortController();
    const end = (): void => connection.abort();
    signal.addEventListener("abort", end);
    let timer: ReturnType<typeof setTimeout> | undefined;
    const hear = (): void => {
      clearTimeout(timer);
      timer = setTimeout(end, silence);
    };
    try {
      const headers = { accept: "text/event-stream", "last-event-id": last()?.etag };
      const sending = { headers, signal: connection.signal, retries: Number.POSITIVE_INFINITY };
      const reader = await send("/me/metadata/events", sending, readerOf);
      hear();
      for await (const { event, id, data } of eventsOf(reader)) {
        hear();
        failures = 0;
        if (event === "metadata" && id && data) onNews({ etag: id, view: JSON.parse(data) as Metadata });
      }
    } catch (error) {
      if (final.includes(toError(error).status)) throw error;
    } finally {
      clearTimeout(timer);
      end();
      signal.removeEventListener("abort", end);
    }
    await pause(backoff(failures + 1), signal);
  }
}

/** The pieces of a stream of events. */
function readerOf({ body, headers }: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (body && headers.get("content-type")?.startsWith("text/event-stream")) return body.getReader();
  throw new UserMetaClientError("unexpected_answer", "there is no stream of events", { status: 501 });
}

type Fields = Readonly<Record<string, string>>;

/** The fields of each event, and of each comment none (HTML standard, section 9.2.6). */
async function* eventsOf(reader: ReadableStreamDefaultReader<Uint8Array>): AsyncGenerator<Fields, void, undefined> {
  const decoder = new TextDecoder();
  for (let text = ""; ; ) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (text + decoder.decode(value, { stream: true })).split(/\r?\n\r?\n/);
    text = blocks.pop() ?? "";
    for (const block of blocks)
      yield Object.fromEntries(block.split(/\r?\n/).map((line) => /^(\w+): ?(.*)$/.exec(line)?.slice(1) ?? []));
  }
}
