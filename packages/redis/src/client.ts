import { invalidConfig } from "@usermeta/core";
import { createClient } from "redis";

/** How the store sends a command: given up when the signal aborts, and answered with plain strings. */
export interface CommandOptions {
  readonly abortSignal: AbortSignal;
  readonly timeout: number;
  readonly typeMapping: Record<never, never>;
}

/** What the store needs of node-redis for watching. */
export interface RedisSubscriber {
  on(event: string, listener: (error: unknown) => void): unknown;
  off(event: string, listener: (error: unknown) => void): unknown;
  subscribe(channel: string, listener: (message: unknown) => void): Promise<void>;
  unsubscribe(channel: string, listener: (message: unknown) => void): Promise<void>;
}

/** What the store needs of a client of node-redis; `createClient()` gives one. */
export interface RedisClient extends RedisSubscriber {
  readonly options?: { readonly socket?: object };
  sendCommand(args: readonly string[], options: CommandOptions): Promise<unknown>;
  duplicate(overrides: object): RedisSubscriber & { connect(): Promise<unknown>; destroy(): void };
}

/** What the store needs of a cluster client of node-redis; `createCluster()` gives one. */
export interface RedisCluster extends RedisSubscriber {
  readonly masters: readonly { readonly address: string }[];
  nodeClient(node: { readonly address: string }): Promise<Pick<RedisClient, "sendCommand">>;
  sendCommand(firstKey: string, isReadonly: boolean, args: string[], options: CommandOptions): Promise<unknown>;
}

/** Milliseconds for an operation altogether: it must answer before core gives up after 2,000. */
export const patience = 1_500;

/**
 * How connections of our own behave: they notice within seconds that nobody answers, which TCP itself takes a quarter of an
 * hour for, and come back by themselves.
 */
const manners = (socket: object = {}): { readonly pingInterval: number; readonly socket: object } => ({
  pingInterval: 1_000,
  socket: {
    ...socket,
    connectTimeout: patience,
    socketTimeout: 2_500,
    reconnectStrategy: (retries: number) => Math.min(50 * 2 ** retries, 1_000) + Math.random() * 100,
  },
});

/** A client of our own. */
export interface OwnClient {
  readonly client: RedisClient & { readonly isReady: boolean; destroy(): void };
  /** Connects, and waits while a try to connect is under way; between tries the client says at once that it is offline. */
  open(): Promise<void>;
}

/** Makes a client for a URL, and connects nothing yet. Throws `invalid_config` for a URL that is none. */
export function clientFor(url: string, onError: (error: unknown) => void): OwnClient {
  try {
    const client = createClient({ url, disableOfflineQueue: true, ...manners() });
    let current: Promise<void> | undefined;
    let end = (): void => {};
    const begin = (): void => {
      current = new Promise((resolve) => {
        end = resolve;
      });
    };
    client.on("error", onError);
    client.on("error", () => end()).on("ready", () => end());
    client.on("reconnecting", begin);
    const open = async (): Promise<void> => {
      if (current === undefined) {
        begin();
        client.connect().catch(() => {});
      }
      await current;
    };
    return { client, open };
  } catch (cause) {
    throw invalidConfig('redisStore needs a URL like "redis://127.0.0.1:6379", or a client', cause);
  }
}

/**
 * Calls `onMessage` for every message of a channel, and `onGap` when some may have been missed: when the connection is lost,
 * and when the channel is listened to again. Returns the way to stop.
 */
export function subscribe(
  client: RedisClient | RedisCluster,
  channel: string,
  onMessage: (message: string) => void,
  onGap: () => void,
): () => void {
  // A cluster client keeps a connection for this; beside another one we open our own.
  const copy =
    "masters" in client
      ? undefined
      : client.duplicate({ ...manners(client.options?.socket), disableOfflineQueue: false });
  const subscriber: RedisSubscriber = copy ?? client;
  const [ready, lost] = copy ? ["ready", "error"] : ["node-ready", "node-error"];
  let isAsking = false;
  let isListening = false;
  let isStopped = false;

  // Again after each reconnection: a no-op where node-redis itself took the subscription along.
  const listen = async (): Promise<void> => {
    if (isAsking) return;
    isAsking = true;
    try {
      await subscriber.subscribe(channel, receive);
      isListening = !isStopped;
      if (isListening) onGap();
    } catch {
      // the connection broke again: there will be a next one
    }
    isAsking = false;
  };
  const onReady = (): void => void listen();
  const onLost = (): void => {
    if (isListening) onGap();
    isListening = false;
  };
  const receive = (message: unknown): void => {
    if (!isStopped) onMessage(String(message));
  };

  subscriber.on(ready, onReady);
  subscriber.on(lost, onLost);
  if (copy) copy.connect().catch(() => {});
  else onReady();
  return () => {
    isStopped = true;
    isListening = false;
    subscriber.off(ready, onReady);
    // The listener for errors stays: one nobody listens to would end the process.
    if (copy) return copy.destroy();
    subscriber.off(lost, onLost);
    subscriber.unsubscribe(channel, receive).catch(() => {});
  };
}
