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
  import Hapi from "@hapi/hapi";
  import type { Session, UserMeta } from "@usermeta/core";
  import { getSession, mount, type SessionRequest, verifySession } from "@usermeta/hapi";
  declare const meta: UserMeta;
  declare function is<T>(value: T): void;
  const server = Hapi.server();
  const options = { pre: [{ method: verifySession(meta) }, verifySession(meta, { scopes: ["a"] })] };
  const route = { method: "POST", path: "/x", options } as const;
  await server.register(mount([]));
  await server.register(mount([]), { routes: { prefix: "/usermeta" } });
  await server.register({ plugin: mount([]), routes: { prefix: "/usermeta" } });
  server.route({ ...route, handler: (request) => { is<Session>(getSession(meta, request)); return ""; } });
`;

describe("the types", () => {
  it("give handlers a session, and merge nothing into hapi's requests", () => {
    expect(
      compile(`
        server.route({ ...route, handler: async (req: SessionRequest, res) => {
          const session = req.session;
          is<Session>(session);
          return res.response({ userId: session.getUserId() }).code(200);
        } });
        server.route({ ...route, handler: (req: SessionRequest<Session | undefined>) => req.session?.userId ?? "" });
        // @ts-expect-error only the global entry declares it
        server.route({ ...route, handler: (request) => request.session.userId });
      `),
    ).toBe("");
  });
  it("leave request.session to the plugin that declares it", () => {
    expect(
      compile(`
        declare module "@hapi/hapi" { interface Request { session: { visits: number } } }
        server.route({ ...route, handler: (request) => { is<number>(request.session.visits); return ""; } });
        server.route({ ...route, handler: (request: SessionRequest) => getSession(meta, request).userId });
        // @ts-expect-error it is not ours
        server.route({ ...route, handler: (request: SessionRequest) => request.session.userId });
      `),
    ).toBe("");
  });
  it("put it on every request for those who import the global entry", () => {
    expect(
      compile(`
        import "@usermeta/hapi/global";
        server.route({ ...route, handler: (request) => { is<Session>(request.session); return ""; } });
        server.route({ ...route, handler: (request: SessionRequest) => request.session.userId });
      `),
    ).toBe("");
  });
});
