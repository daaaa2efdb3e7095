import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer, type Server as TlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { invalidConfig } from "@usermeta/core";
import { isLoopback } from "./local.ts";

/** Certificate and key, as PEM files. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

/** A server that listens. */
export interface ListeningServer {
  readonly url: string;
  /** Reads the certificate anew, e.g. after its renewal. Throws `invalid_config` and keeps the old one. */
  renew(): void;
  /** Stops accepting, and resolves once every request is answered, or cut off after `grace` milliseconds. */
  close(grace: number): Promise<void>;
}

/**
 * Idle connections stay open for longer than clients keep them: Go's for 90 s, load balancers commonly for 60 s, Node's
 * fetch for as long as this says. Whoever closes later never sends into a closed connection.
 */
const keepAliveTimeout = 95_000;

/** Listens. Throws `invalid_config` for an address that cannot be had, and for unreadable or wrong certificates. */
export async function listen(
  listener: RequestListener,
  { host, port, tls }: { readonly host: string; readonly port: number; readonly tls?: TlsFiles | undefined },
): Promise<ListeningServer> {
  const options = { keepAliveTimeout, requestTimeout: 30_000 };
  const server: Server | TlsServer =
    tls === undefined
      ? createServer(options, listener)
      : configured(() => createTlsServer({ ...options, ...readTls(tls), minVersion: "TLSv1.2" }, listener));
  try {
    await once(server.listen(port, host), "listening");
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw invalidConfig(`cannot listen on ${host} port ${port}: ${code ?? "no such address"}`, cause);
  }
  const address = server.address() as AddressInfo;
  const name = isLoopback(host) || host.includes(":") ? (host.includes(":") ? `[${host}]` : host) : address.address;
  return {
    url: `${tls === undefined ? "http" : "https"}://${name}:${address.port}`,
    renew() {
      if (tls !== undefined) configured(() => (server as TlsServer).setSecureContext(readTls(tls)));
    },
    async close(grace) {
      const closed = once(server, "close");
      server.close(); // and the idle connections with it
      const cut = setTimeout(() => server.closeAllConnections(), grace);
      await closed;
      clearTimeout(cut);
    },
  };
}

const readTls = ({ cert, key }: TlsFiles) => ({ cert: readFileSync(cert), key: readFileSync(key) });

function configured<T>(make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw invalidConfig("the certificate or its key cannot be used: give PEM files that belong together", cause);
  }
}
