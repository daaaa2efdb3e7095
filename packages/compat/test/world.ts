import { mkdtempSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { clerkRoutes, hankoRoutes, superTokensRoutes } from "@usermeta/compat";
import { createUserMeta, jwtVerifier, type MetadataStore, memoryStore, type UserMeta } from "@usermeta/core";
import { mount } from "@usermeta/express";
import { sqliteStore } from "@usermeta/sqlite";
import { testVerifier } from "@usermeta/testkit";
import express from "express";
import { serve } from "../../../test/serve.ts";

export const keys = {
  superTokens: "supertokens-key-0123456789",
  clerk: "sk_test_0123456789abcdefghij",
  hanko: "hanko-api-key-0123456789",
};

/** The stores that the wires are tried on. */
export const stores: Readonly<Record<string, () => { readonly store: MetadataStore; readonly remove: () => void }>> = {
  memory: () => ({ store: memoryStore(), remove: () => undefined }),
  sqlite: () => {
    const folder = mkdtempSync(join(tmpdir(), "usermeta-compat-"));
    return { store: sqliteStore(join(folder, "usermeta.db")), remove: () => rmSync(folder, { recursive: true }) };
  },
};

/** One body of data behind all three wires, on a real server. */
export interface World {
  readonly meta: UserMeta;
  /** What the server runs, for tests that need one address for several worlds. */
  readonly app: RequestListener;
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves SuperTokens and Clerk at the root, Hanko below `/hanko`. */
export async function startWorld(name: string): Promise<World> {
  const { store, remove } = (stores[name] as NonNullable<(typeof stores)[string]>)();
  const meta = createUserMeta({
    store,
    verifier: jwtVerifier(await testVerifier()),
    cookie: { name: "hanko" },
    origins: ["https://app.example"],
  });
  const app = express();
  app.use("/hanko", mount(hankoRoutes(meta, { apiKey: keys.hanko })));
  app.use(
    mount([clerkRoutes(meta, { secretKey: keys.clerk }), superTokensRoutes(meta, { apiKeys: [keys.superTokens] })]),
  );
  const server = await serve(app);
  return {
    meta,
    app,
    port: server.port,
    url: `http://127.0.0.1:${server.port}`,
    close: async () => {
      await server.close();
      await meta.close();
      remove();
    },
  };
}

/** Sends bytes over a socket of their own, and reads one answer. */
export function exchange(port: number, bytes: string): Promise<{ readonly head: string; readonly body: string }> {
  return new Promise((resolve, reject) => {
    let received = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
    socket.setEncoding("utf8").setTimeout(30_000, () => socket.destroy(new Error("no answer")));
    socket.on("error", reject).on("data", (chunk: string) => {
      received += chunk;
      const [head = "", body] = received.split(/\r\n\r\n(.*)/s);
      const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
      if (body === undefined || Buffer.byteLength(body) < length) return;
      socket.destroy();
      resolve({ head, body });
    });
  });
}
