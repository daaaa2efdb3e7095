import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { adminKey } from "./server.ts";

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly text: string;
}

/** Asks one server over connections that stay open, one per client. */
export type Ask = (method: string, path: string, headers?: Record<string, string>, body?: object) => Promise<Answer>;

/** Connections of one run; `close` them at its end. */
export function connections(url: string, clients: number): { readonly ask: Ask; readonly close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const { hostname, port } = new URL(url);
  return {
    close: () => agent.destroy(),
    async ask(method, path, headers = {}, body) {
      const text = body === undefined ? "" : JSON.stringify(body);
      const type = text === "" ? {} : { "content-type": "application/json", "content-length": String(text.length) };
      const sent = request({
        agent,
        hostname,
        port,
        method,
        path,
        headers: { ...bearer(adminKey), ...type, ...headers },
      });
      sent.end(text);
      const [response] = (await once(sent, "response")) as [IncomingMessage];
      response.setEncoding("latin1"); // our own answers are ASCII
      let received = "";
      for await (const chunk of response) received += chunk as string;
      return { status: response.statusCode ?? 0, text: received };
    },
  };
}

export const bearer = (token: string): { authorization: string } => ({ authorization: `Bearer ${token}` });
