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
  import { getSession, type SessionRequest, verifySession } from "@usermeta/express";
  import express, { type RequestHandler } from "express";
  declare const meta: UserMeta;
  declare const parse: RequestHandler;
  declare function is<T>(value: T): void;
  const app = express();
`;

const guarded = `
  app.post("/x", verifySession(meta), (req: SessionRequest, res) => { res.json(req.session.getUserId()); });
  app.post("/x", verifySession(meta), async (req: SessionRequest, res) => { res.json(req.session.getUserId()); });
  app.post("/x", parse, verifySession(meta), (req: SessionRequest, res) => { res.json(req.session.getUserId()); });
  app.get("/x", verifySession(meta, { scopes: ["a"] }), parse, (req) => { is<Session>(req.session); });
  app.get("/x/:id", verifySession(meta), (req) => { is<Session>(req.session); is<string>(req.params.id); });
  app.get("/x/:id", parse, verifySession(meta), (req) => { is<Session>(req.session); is<string>(req.params.id); });
  app.route("/x").get(verifySession(meta), (req) => { is<Session>(req.session); });
  express.Router().get("/x", verifySession(meta), (req, _res, next) => { is<Session>(req.session); next(); });
  app.use(verifySession(meta));
  app.use("/x", parse, verifySession(meta), parse);
  app.get("/x", verifySession(meta), parse, parse);
  const optional = verifySession(meta, { sessionRequired: false });
  app.get("/x", optional, (req) => { is<Session | undefined>(req.session); });
  app.get("/x", (req) => { is<Session>(getSession(meta, req)); });
  // @ts-expect-error nobody may be there
  app.get("/x", optional, (req) => { is<Session>(req.session); });
  // @ts-expect-error the guard does not promise what the handler asks for
  app.get("/x", optional, (req: SessionRequest, res) => { res.json(req.session); });
  // @ts-expect-error no guard
  app.get("/x", (req: SessionRequest, res) => { res.json(req.session); });
`;

describe("the types", () => {
  it("give handlers the session that their guard promises", () => {
    expect(
      compile(`${guarded}
        // @ts-expect-error no guard
        app.get("/x", (req) => { req.session; });
      `),
    ).toBe("");
  });
  it("leave req.session to express-session where that is installed", () => {
    expect(
      compile(`
        import "express-session";
        app.get("/x", verifySession(meta), (req) => { is<string>(req.session.id); });
        app.get("/x", verifySession(meta), (req: SessionRequest) => { is<Session>(getSession(meta, req)); });
        // @ts-expect-error it is not ours
        app.get("/x", verifySession(meta), (req: SessionRequest, res) => { res.json(req.session.getUserId()); });
      `),
    ).toBe("");
  });
  it("put it on every request for those who import the global entry", () => {
    expect(
      compile(`
        import "@usermeta/express/global";
        app.get("/x", (req) => { is<Session | undefined>(req.session); });
        ${guarded}
      `),
    ).toBe("");
  });
});
