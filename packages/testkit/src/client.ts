import { Agent, request } from "node:http";

/** An answer as it came over the wire. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What to send beside the path. A list of values becomes as many header lines. */
export interface Call {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Uint8Array;
  /** Sent as `Authorization: Bearer …`. */
  readonly token?: string | undefined;
  /** Send the body without `Content-Length`. */
  readonly chunked?: boolean;
}

/** Speaks to a server on this machine. Unlike `fetch` it sends paths and headers exactly as given. */
export interface Client {
  (path: string, call?: Call): Promise<Answer>;
  close(): void;
}

/** A client with one connection, kept alive, so that whatever one answer leaves behind hurts the next one. */
export function createClient(port: number, maxSockets = 1): Client {
  const agent = new Agent({ keepAlive: true, maxSockets });
  const call = (path: string, { method = "GET", headers, body, token, chunked = false }: Call = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const lines: Record<string, string | string[]> = {};
      if (token !== undefined) lines["authorization"] = `Bearer ${token}`;
      if (chunked) lines["transfer-encoding"] = "chunked";
      else if (body !== undefined) lines["content-length"] = String(Buffer.byteLength(body));
      for (const [name, value] of Object.entries(headers ?? {}))
        lines[name] = typeof value === "string" ? value : [...value];
      const sent = request({ agent, host: "127.0.0.1", port, path, method, headers: lines, timeout: 10_000 });
      sent.on("timeout", () => sent.destroy(new Error(`no answer to ${method} ${path} within 10 s`)));
      sent.on("error", reject);
      sent.on("response", (received) => {
        const chunks: Buffer[] = [];
        received.on("error", reject);
        received.on("data", (chunk: Buffer) => chunks.push(chunk));
        received.on("end", () => {
          const names = Object.entries(received.headersDistinct);
          const joined = Object.fromEntries(names.map(([name, values = []]) => [name, values.join(", ")]));
          resolve({
            status: received.statusCode ?? 0,
            headers: joined,
            body: Buffer.concat(chunks).toString("latin1"),
          });
        });
      });
      sent.end(body);
    });
  return Object.assign(call, { close: () => agent.destroy() });
}
