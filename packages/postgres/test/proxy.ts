import { once } from "node:events";
import net from "node:net";

/** A TCP proxy that knows where PostgreSQL's messages begin and end. */
export interface Proxy {
  readonly url: string;
  /** Lets so many more messages through, in either direction, and then cuts every connection, once. `undefined`: never. */
  budget: number | undefined;
  /** How often it has cut. */
  readonly cuts: number;
  /** Swallows every byte from now on, without closing anything, until it is false again; what it swallowed is gone. */
  isBlackHole: boolean;
  stop(): Promise<void>;
}

/** A proxy before a server. */
export async function proxyTo(url: string): Promise<Proxy> {
  const target = new URL(url);
  const sockets = new Set<net.Socket>();
  const state = { budget: undefined as number | undefined, isBlackHole: false, cuts: 0 };

  function pass(from: net.Socket, to: net.Socket, isClient: boolean): void {
    from.setNoDelay(true);
    let rest = Buffer.alloc(0);
    let isStartup = isClient; // the first message of a client has no type byte
    from.on("data", (chunk) => {
      if (state.isBlackHole) return;
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        const header = isStartup ? 4 : 5;
        if (rest.length < header) return;
        const length = rest.readUInt32BE(header - 4) + header - 4;
        if (rest.length < length) return;
        if (state.budget === 0) {
          state.budget = undefined;
          state.cuts++;
          for (const socket of sockets) socket.destroy();
          return;
        }
        if (state.budget !== undefined) state.budget--;
        to.write(rest.subarray(0, length));
        rest = rest.subarray(length);
        isStartup = false;
      }
    });
    from.on("error", () => {});
    from.on("close", () => {
      sockets.delete(from);
      if (!state.isBlackHole) to.destroy();
    });
  }

  const server = net.createServer((client) => {
    const upstream = net.connect(Number(target.port), target.hostname);
    sockets.add(client).add(upstream);
    pass(client, upstream, true);
    pass(upstream, client, false);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return Object.assign(state, {
    url: url.replace(/:\d+\//, `:${port}/`),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}
