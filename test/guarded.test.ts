import type { AddressInfo } from "node:net";
import { createUserMeta, jwtVerifier, memoryStore, type UserMeta } from "@usermeta/core";
import { createApp } from "@usermeta/example-fastify";
import { verifySession } from "@usermeta/express";
import { mintToken, testVerifier } from "@usermeta/testkit";
import express from "express";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "./serve.ts";
import { send } from "./vectors/socket.ts";

// Routers that take many spellings for one route. A guard that matched paths would miss some of them (CVE-2026-41248,
// CVE-2026-2880, CVE-2026-33808, CVE-2026-14198): ours belongs to the route, and runs whenever its handler would.
const spellings = [
  "/whoami",
  "/whoami/",
  "//whoami",
  "/WHOAMI",
  "/Whoami/",
  "/%77hoami",
  "/%77%68%6f%61%6d%69",
  "/whoami;x=1",
  "/whoami;",
  "/;x/whoami",
  "/whoami?x",
  "/whoami%2F",
  "/./whoami",
  "/x/../whoami",
  "///whoami//",
  "/whoami%00",
  "/whoami.json",
];

interface Server {
  readonly port: number;
  close(): Promise<unknown>;
}

const servers = {
  express: async (meta: UserMeta): Promise<Server> => {
    const app = express();
    app.get("/whoami", verifySession(meta), (_req, res) => void res.json({ userId: "ada" }));
    return serve((req, res) => void app(req, res));
  },
  fastify: async (meta: UserMeta): Promise<Server> => {
    const app = createApp({
      meta,
      routes: [],
      fastify: {
        forceCloseConnections: true,
        routerOptions: Object.assign(
          { ignoreDuplicateSlashes: true, ignoreTrailingSlash: true, caseSensitive: false },
          { useSemicolonDelimiter: true }, // which Fastify's types do not know
        ),
      },
    });
    await app.listen({ port: 0, host: "127.0.0.1" });
    return { port: (app.server.address() as AddressInfo).port, close: () => app.close() };
  },
};

describe.each(Object.entries(servers))("a guarded route of a lenient router: %s", (_, start) => {
  let server: Server;
  let bearer: readonly [string, string];
  beforeAll(async () => {
    server = await start(createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) }));
    bearer = ["authorization", `Bearer ${await mintToken({ sub: "ada" })}`];
  });
  afterAll(() => server.close());
  const get = (path: string, headers: readonly (readonly [string, string])[] = []) =>
    send(server.port, { method: "GET", path, headers });

  it.each(spellings)("is not reached without a session as %s", async (path) => {
    const { status, body } = await get(path);
    expect([400, 401, 404]).toContain(status);
    expect(body).not.toContain("ada");
  });

  it("asks for a session in every spelling that leads to it with one, and there are several", async () => {
    const led: string[] = [];
    for (const path of spellings) if ((await get(path, [bearer])).body === '{"userId":"ada"}') led.push(path);
    for (const path of led) expect([path, (await get(path)).status]).toEqual([path, 401]);
    expect(led.length).toBeGreaterThanOrEqual(4);
  });
});
