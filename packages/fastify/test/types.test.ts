import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

// Each world is a program of its own, because what is declared globally holds for a whole program.
const here = fileURLToPath(new URL("../", import.meta.url));
const root = fileURLToPath(new URL("../../../", import.meta.url));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** What the compiler says about a program; nothing when it is content. */
function compile(text: string): string {
  const folder = mkdtempSync(`${here}node_modules/.types-`);
  folders.push(folder);
  const options = {
    extends: `${root}tsconfig.base.json`,
    compilerOptions: { noEmit: true, composite: false, incremental: false, isolatedDeclarations: false, rootDir: root },
    include: ["world.ts"],
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(options));
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
  writeFileSync(`${folder}/world.ts`, `${imports}\n${text}`);
  const { stdout } = spawnSync(`${root}node_modules/.bin/tsc`, ["-p", folder], { encoding: "utf8" });
  return stdout;
}

const imports = `
  import type { Session, UserMeta } from "@usermeta/core";
  import { getSession, mount, verifySession } from "@usermeta/fastify";
  import Fastify, { type FastifyBaseLogger, type FastifyTypeProvider } from "fastify";
  declare const meta: UserMeta;
  declare function is<T>(value: T): void;
`;

const everyInstance = `
  declare const logger: FastifyBaseLogger & { readonly mine: true };
  interface Provider extends FastifyTypeProvider { validator: this["schema"] }
  const schema = { body: "typed", response: { 200: {} } } as const;

  const app = Fastify();
  app.addHook("onRequest", verifySession(meta));
  app.register(mount([]), { prefix: "/usermeta" });
  app.get("/x", { onRequest: verifySession(meta) }, async (request) => { is<Session>(getSession(meta, request)); });
  app.get<{ Params: { id: string }; Reply: { 200: string } }>("/x/:id", { preHandler: [verifySession(meta)] }, async (request) => {
    is<string>(request.params.id);
    return getSession(meta, request).getUserId();
  });
  const provided = app.withTypeProvider<Provider>();
  provided.post("/x", { schema, preHandler: verifySession(meta) }, async (request) => { is<"typed">(request.body); });
  provided.register(mount([]));
  const logging = Fastify({ loggerInstance: logger });
  logging.get("/x", { preHandler: verifySession(meta) }, async (request) => getSession(meta, request).userId);
  logging.register(mount([]));
  const http2 = Fastify({ http2: true });
  http2.get("/x", { preHandler: verifySession(meta) }, async (request) => getSession(meta, request).userId);
  http2.register(mount([]));
`;

describe("the types", () => {
  it("fit every instance, and merge nothing into its requests", () => {
    expect(
      compile(`${everyInstance}
        // @ts-expect-error only the global entry declares it
        app.get("/y", { preHandler: verifySession(meta) }, async (request) => request.session);
      `),
    ).toBe("");
  });
  it("leave request.session to @fastify/session where that is installed", () => {
    expect(
      compile(`${everyInstance}
        import "@fastify/session";
        app.get("/y", { preHandler: verifySession(meta) }, async (request) => { is<string>(request.session.sessionId); });
        app.get("/z", { preHandler: verifySession(meta) }, async (request) => { is<Session>(getSession(meta, request)); });
      `),
    ).toBe("");
  });
  it("put it on every request for those who import the global entry", () => {
    expect(
      compile(`${everyInstance}
        import "@usermeta/fastify/global";
        app.post("/y", { preHandler: verifySession(meta) }, async (req, res) => {
          const session = req.session;
          const userId = session.getUserId();
          is<Session>(session);
          res.send({ userId });
        });
      `),
    ).toBe("");
  });
});
