import { once } from "node:events";
import net from "node:net";

/** What stands between browsers and a server: it keeps every byte, and can be cut. */
export interface Wire {
  readonly port: number;
  /** Every byte that went towards the browser, as Latin-1. */
  received(): string;
  /** Ends every connection, and refuses new ones. */
  cut(): Promise<void>;
  /** Ends the connections at the next bytes from the server, which are lost: something was done, and nobody hears of it. */
  loseAnswer(): void;
  restore(): Promise<void>;
}

/** A TCP proxy before a port of this machine. */
export async function openWire(target: number): Promise<Wire> {
  const sockets = new Set<net.Socket>();
  const bytes: Buffer[] = [];
  let losesNext = false;
  const drop = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const server = net.createServer({ noDelay: true }, (client) => {
    const upstream = net.connect({ port: target, host: "127.0.0.1", noDelay: true });
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => {});
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
    }
    client.pipe(upstream);
    upstream.on("data", (chunk: Buffer) => {
      if (losesNext) {
        losesNext = false;
        return drop();
      }
      bytes.push(chunk);
      client.write(chunk);
    });
  });
  const listen = async (port: number): Promise<number> => {
    await once(server.listen(port, "127.0.0.1"), "listening");
    return (server.address() as net.AddressInfo).port;
  };
  const port = await listen(0);
  return {
    port,
    received: () => Buffer.concat(bytes).toString("latin1"),
    cut: async () => {
      server.close();
      drop();
      await once(server, "close");
    },
    loseAnswer: () => {
      losesNext = true;
    },
    restore: async () => void (await listen(port)),
  };
}
