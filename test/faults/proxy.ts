import { once } from "node:events";
import net from "node:net";

/** What happens at a message: the connections are cut before or after it is passed on, or nothing passes any more. */
export type Fate = "cut before" | "cut after" | "swallow";

/** A TCP proxy that counts messages in both directions. */
export interface Proxy {
  /** The server's URL, by way of the proxy. */
  readonly url: string;
  /** Lets so many more messages through, and then does this, once. */
  plan(messages: number, fate: Fate): void;
  /** Whether it came to that. */
  readonly hasStruck: boolean;
  /** Lets everything through again: swallowed connections are cut. */
  heal(): void;
  close(): Promise<void>;
}

/** Bytes of the first message in a buffer; 0 while it is incomplete. */
type Frame = (bytes: Buffer, isFirstOfClient: boolean) => number;

const complete = (bytes: Buffer, header: number, length: () => number): number => {
  const size = bytes.length < header ? Number.POSITIVE_INFINITY : length();
  return bytes.length < size ? 0 : size;
};

// Redis and HTTP clients send a request at once, and their servers an answer: what arrives together is a message there.
const whole: Frame = (bytes) => bytes.length;

const frames: Readonly<Record<string, Frame>> = {
  "postgres:": (bytes, isFirst) =>
    complete(bytes, isFirst ? 4 : 5, () => bytes.readUInt32BE(isFirst ? 0 : 1) + (isFirst ? 0 : 1)),
  "mysql:": (bytes) => complete(bytes, 4, () => bytes.readUIntLE(0, 3) + 4),
};

/** A proxy before the server of a store's URL. */
export async function proxyTo(url: string): Promise<Proxy> {
  // DynamoDB's URL has that of its emulator inside.
  const inner = new URL(url).searchParams.get("endpoint") ?? url;
  const target = new URL(inner);
  const frame = frames[target.protocol] ?? whole;
  const pairs = new Set<readonly [net.Socket, net.Socket]>();
  let left = Number.POSITIVE_INFINITY;
  let fate: Fate = "cut before";
  const state = { hasStruck: false, isSwallowing: false };

  const cut = (): void => {
    for (const pair of pairs) for (const socket of pair) socket.destroy();
  };

  /** What becomes of the next message; whether it is passed on. */
  function passes(): boolean {
    if (state.isSwallowing) return false;
    if (left-- > 0) return true;
    left = Number.POSITIVE_INFINITY;
    state.hasStruck = true;
    if (fate === "swallow") state.isSwallowing = true;
    else if (fate === "cut before") cut();
    else setImmediate(cut);
    return fate === "cut after";
  }

  function pass(from: net.Socket, to: net.Socket, isClient: boolean): void {
    let rest: Buffer = Buffer.alloc(0);
    let isFirst = isClient;
    from.on("data", (chunk: Buffer) => {
      rest = Buffer.concat([rest, chunk]);
      for (let size = frame(rest, isFirst); size > 0; size = rest.length > 0 ? frame(rest, isFirst) : 0) {
        if (passes()) to.write(rest.subarray(0, size));
        rest = rest.subarray(size);
        isFirst = false;
        if (from.destroyed) return;
      }
    });
  }

  const server = net.createServer({ noDelay: true }, (client) => {
    const upstream = net.connect({ port: Number(target.port), host: target.hostname, noDelay: true });
    const pair = [client, upstream] as const;
    pairs.add(pair);
    for (const socket of pair)
      socket
        .on("error", () => {})
        .on("close", () => {
          if (state.isSwallowing) return; // a black hole tells neither side
          pairs.delete(pair);
          for (const other of pair) other.destroy();
        });
    pass(client, upstream, true);
    pass(upstream, client, false);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return Object.assign(state, {
    url: url.replace(`:${target.port}`, `:${port}`),
    plan: (messages: number, next: Fate) => {
      [left, fate, state.hasStruck] = [messages, next, false];
    },
    heal: () => {
      left = Number.POSITIVE_INFINITY;
      if (state.isSwallowing) cut();
      state.isSwallowing = false;
    },
    close: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  });
}
