import type { RequestListener } from "node:http";
import next from "next";

const createNext = next as unknown as typeof next.default; // Node's default import of CommonJS is the function itself

/** The application in this folder, for a server of one's own; `next start` serves it just as well. */
export async function createApp(options: { dev?: boolean; dir?: string } = {}): Promise<RequestListener> {
  const app = createNext({ dev: false, dir: import.meta.dirname, ...options });
  await app.prepare();
  const handle = app.getRequestHandler();
  return (req, res) => void handle(req, res);
}
