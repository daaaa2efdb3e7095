import { once } from "node:events";
import net from "node:net";

/** A TCP proxy that knows where MySQL's packets begin and end. */
export interface Proxy {
  readonly url: string;
  /** Lets so many more packets through, in either direction, and then cuts every connection, once. */
  readonly cutAfter: (packets: number) => void;
  /** Whether it came to that. */
  readonly hasCut: boolean;
  /** Lets so many more packets through, and then is a black hole. */
  readonly swallowAfter: (packets: number) => void;
  /** Swallows every byte from now on, without closing anything, until it is false again; what it swallowed is gone. */
  isBlackHole: boolean;
  readonly stop: () => Promise<void>;
}

/** A proxy before a server. */
export async function proxyTo(url: string): Promise<Proxy> {
  const target = new URL(url);
  const sockets = new Set<net.Socket>();
  const state = { hasCut: false, isBlackHole: false };
  let budget: number | undefined;
  let atEnd = (): void => {};
  const plan = (packets: number, then: () => void): void => {
    state.hasCut = false;
    budget = packets;
    atEnd = () => {
      budget = undefined;
      then();
    };
  };

  function pass(from: net.Socket, to: net.Socket): void {
    let rest = Buffer.alloc(0);
    from.on("data", (chunk) => {
      if (state.isBlackHole) return;
      rest = Buffer.concat([rest, chunk]);
      for (;;) {
        if (rest.length < 4) return;
        const length = rest.readUIntLE(0, 3) + 4;
        if (rest.length < length) return;
        if (budget === 0) {
          atEnd();
          return;
        }
        if (budget !== undefined) budget--;
        to.write(rest.subarray(0, length));
        rest = rest.subarray(length);
      }
    });
    from.on("error", () => {});
    from.on("close", () => {
      sockets.delete(from);
      if (!state.isBlackHole) to.destroy();
    });
  }

  const server = net.createServer({ noDelay: true }, (client) => {
    const upstream = net.connect({ port: Number(target.port), host: target.hostname, noDelay: true });
    sockets.add(client).add(upstream);
    pass(client, upstream);
    pass(upstream, client);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  return Object.assign(state, {
    url: url.replace(/:\d+\//, `:${port}/`),
    cutAfter: (packets: number) =>
      plan(packets, () => {
        state.hasCut = true;
        for (const socket of sockets) socket.destroy();
      }),
    swallowAfter: (packets: number) =>
      plan(packets, () => {
        state.isBlackHole = true;
      }),
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  });
}
