// What the README and the guides print is run as it stands, and prints what they say.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keys } from "./world.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const folder = mkdtempSync(fileURLToPath(new URL("guides-", import.meta.url))); // here, so that packages are found
const run = promisify(execFile);
const environment = {
  ...process.env,
  SUPERTOKENS_API_KEY: keys.superTokens,
  CLERK_SECRET_KEY: keys.clerk,
  HANKO_API_KEY: keys.hanko,
};

/** The code blocks of a page, in one language. */
const blocksOf = (page: string, language: string): string[] =>
  [...readFileSync(join(root, page), "utf8").matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)].flatMap(([, found, code = ""]) =>
    found === language ? [code] : [],
  );

/** The majors under their aliases. */
const toAliases = (code: string) =>
  code.replaceAll('"supertokens-node', '"supertokens-node-24').replaceAll('"@clerk/backend"', '"@clerk/backend-3"');

async function runCode(name: string, code: string): Promise<string> {
  const file = join(folder, name);
  writeFileSync(file, toAliases(code));
  const { stdout } = await run(process.execPath, ["--conditions=@usermeta/source", file], {
    cwd: folder,
    env: { ...environment, USERMETA_URL: `http://localhost:${port}` },
  });
  return stdout.trim();
}

/** What a block says that it prints: the comment behind its last statement. */
const promised = (code: string) => code.trimEnd().split("// ").at(-1);

async function runShell(page: string): Promise<unknown[]> {
  const [script = ""] = blocksOf(page, "sh");
  const { stdout } = await run("sh", ["-ec", script.replaceAll("localhost:3567", `localhost:${port}`)], {
    env: environment,
  });
  return parseLines(stdout);
}
const parseLines = (text: string): unknown[] => {
  const values = text.replaceAll("}{", "}\n{").trim().split("\n");
  return values.map((line) => JSON.parse(line) as unknown);
};

let server: ChildProcess;
let port: number;
beforeAll(async () => {
  port = await freePort();
  const file = join(folder, "server.ts");
  writeFileSync(file, blocksOf("packages/compat/README.md", "ts")[0] ?? "");
  server = spawn(process.execPath, ["--conditions=@usermeta/source", file], {
    cwd: folder,
    env: { ...environment, PORT: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((resolve, reject) => {
    server.stdout?.once("data", resolve);
    server.once("exit", (code) => reject(new Error(`the server ended with ${code}`)));
  });
});
afterAll(() => {
  server.kill();
  rmSync(folder, { recursive: true });
});

it.each(["packages/compat/README.md", "docs/from-hanko.md"])(
  "%s: the lines for the shell print what it shows",
  async (page) => {
    const [shown = ""] = blocksOf(page, "json");
    expect(await runShell(page)).toEqual(parseLines(shown));
  },
);

it.each(["docs/from-supertokens.md", "docs/from-clerk.md"])(
  "%s: the application on the vendor's SDK prints what it says",
  async (page) => {
    const code = blocksOf(page, "ts").find((block) => block.startsWith("// app.ts")) ?? "";
    expect(await runCode("app.ts", code)).toBe(promised(code));
  },
);

it.each(["docs/from-supertokens.md", "docs/from-clerk.md"])("%s: the module of the handlers loads", async (page) => {
  const code = blocksOf(page, "ts").find((block) => block.startsWith("// usermeta.ts")) ?? "";
  expect(await runCode("usermeta.ts", `${code}console.log((await meta.get("nobody")).version)`)).toBe("0");
});

it("docs/from-hanko.md: the template gives the claims that it says", async () => {
  const code = blocksOf("docs/from-hanko.md", "ts").find((block) => block.includes("hankoTemplate")) ?? "";
  expect(await runCode("template.ts", code)).toBe(promised(code));
});

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port: free } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return free;
}
