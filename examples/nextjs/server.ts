import type { RequestListener } from "node:http";
import next from "next";

/** The application in this folder, for a server of one's own; `next start` serves it just as well. */
export async function createApp(options: { readonly dev?: boolean; readonly dir?: string } = {}): Promise<RequestListener> {
  const app = next({ dev: false, dir: import.meta.dirname, ...options });
  await app.prepare();
  const handle = app.getRequestHandler();
  return (req, res) => void handle(req, res);
}
