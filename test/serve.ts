import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** Serves a request listener on a port of 127.0.0.1, any free one by default. */
export async function serve(listener: RequestListener, port = 0): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer({ maxHeaderSize: 65_536 }, listener);
  await once(server.listen(port, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve, reject) => {
        server.close((error) => (error ? reject(error) : resolve()));
        server.closeAllConnections();
      }),
  };
}
