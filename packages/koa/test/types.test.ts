import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

// Each world is a program of its own, because what is declared globally holds for a whole program.
const root = fileURLToPath(new URL("../../../", import.meta.url));
const here = `${root}examples/koa/`; // which has @koa/router
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** What the compiler says about a program; nothing when it is content. */
function compile(text: string, types = ["node"]): string {
  const folder = mkdtempSync(`${here}node_modules/.types-`);
  folders.push(folder);
  const options = {
    extends: `${root}tsconfig.base.json`,
    compilerOptions: {
      noEmit: true,
      composite: false,
      incremental: false,
      isolatedDeclarations: false,
      noUnusedLocals: false,
      rootDir: root,
      types,
    },
    include: ["world.ts"],
  };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(options));
  writeFileSync(`${folder}/package.json`, '{ "type": "module" }');
  writeFileSync(`${folder}/world.ts`, `${imports}\n${text}`);
  const { stdout } = spawnSync(`${root}node_modules/.bin/tsc`, ["-p", folder], { encoding: "utf8" });
  return stdout;
}

const imports = `
  import Router from "@koa/router";
  import type { Session, UserMeta } from "@usermeta/core";
  import { getSession, mount, type SessionContext, verifySession } from "@usermeta/koa";
  import Koa, { type Middleware } from "koa";
  declare const meta: UserMeta;
  declare const parse: Middleware;
  declare function is<T>(value: T): void;
  type IsAny<T> = 0 extends 1 & T ? true : false;
  const router = new Router();
  const optional = verifySession(meta, { sessionRequired: false });
  router.use(verifySession(meta));
  new Koa().use(parse).use(verifySession(meta)).use(mount([], { prefix: "/usermeta" }));
`;

describe("the types", () => {
  it("give handlers the session that their guard promises", () => {
    expect(
      compile(`
        router.post("/x", verifySession(meta), async (ctx) => {
          const session = ctx.session;
          is<Session>(session);
          is<false>(null! as IsAny<typeof session>);
          ctx.body = { userId: session.getUserId() };
        });
        router.post("/x", verifySession(meta), async (ctx: SessionContext) => { ctx.body = ctx.session.getUserId(); });
        router.get("/x", parse, verifySession(meta, { scopes: ["a"] }), parse, (ctx) => { is<Session>(ctx.session); });
        router.get("/x/:id", verifySession(meta), (ctx) => {
          is<string | undefined>(ctx.params["id"]);
          is<false>(null! as IsAny<typeof ctx.session>);
        });
        new Koa().use(verifySession(meta)).use((ctx) => {
          is<Session>(ctx.session);
          is<false>(null! as IsAny<typeof ctx.session>);
        });
        router.get("/x", optional, (ctx) => { is<Session | undefined>(ctx.session); });
        router.get("/x", (ctx) => { is<Session>(getSession(meta, ctx)); });
        // @ts-expect-error nobody may be there
        router.get("/x", optional, (ctx) => { is<Session>(ctx.session); });
      `),
    ).toBe("");
  });
  it("leave ctx.session to koa-session where its types are installed", () => {
    expect(
      compile(
        `
        router.get("/x", verifySession(meta), (ctx) => { is<boolean | undefined>(ctx.session?.populated); });
        router.get("/x", verifySession(meta), (ctx: SessionContext) => { is<Session>(getSession(meta, ctx)); });
        // @ts-expect-error it is not ours
        router.get("/x", verifySession(meta), (ctx) => { is<Session>(ctx.session); });
      `,
        ["node", "koa-session"],
      ),
    ).toBe("");
  });
});
