import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { onTestFinished } from "vitest";
import { createDemo, type Demo } from "../../examples/express/demo.ts";

/** Serves the demo in memory until the test has finished. */
export async function openDemo(): Promise<Demo & { readonly origin: string }> {
  const server = createServer();
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const demo = await createDemo("memory:", port);
  server.on("request", demo.app);
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await demo.meta.close();
  });
  return { ...demo, origin: `http://127.0.0.1:${port}` };
}

/** Keeps what a page looks like for the README; run a test with USERMETA_PICTURES=1 after the page has changed. */
export async function picture(page: Page, name: string): Promise<void> {
  if (process.env["USERMETA_PICTURES"] === undefined) return;
  const path = fileURLToPath(new URL(`../../docs/images/${name}.png`, import.meta.url));
  await page.screenshot({ path });
}
