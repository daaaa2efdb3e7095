import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An issuer's key set on a port of this machine. */
export interface KeyServer {
  readonly port: number;
  readonly url: string;
  /** How often the set was asked for. */
  readonly fetches: () => number;
  readonly close: () => void;
}

/** Starts a key server that answers every request in the given way. */
export async function startKeyServer(answer: (response: ServerResponse) => unknown): Promise<KeyServer> {
  let fetches = 0;
  const server = createServer((_request, response) => {
    fetches++;
    answer(response.setHeader("content-type", "application/json"));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://127.0.0.1:${port}/jwks.json`,
    fetches: () => fetches,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
