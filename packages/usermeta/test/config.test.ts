import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { expect, it } from "vitest";
import { scratchFolder, serve, start } from "./served.ts";

const source = import.meta.resolve("@usermeta/core");

/** What the server makes of a good value, one that its limits refuse, and a token that its verifier refuses. */
async function verdicts(url: string): Promise<number[]> {
  const expired = mintToken({ sub: "ada", exp: 1 });
  return [
    await putUnsafe(url, "short"),
    await putUnsafe(url, "far too long for it"),
    await putUnsafe(url, "", expired),
  ];
}

/** A folder with a configuration that names its issuer, its store and its limits. */
async function configured(file: string, before = "", core = "src/index.ts"): Promise<string> {
  const { issuer, audience, jwks } = await testVerifier();
  const options = JSON.stringify({ issuer, audience, jwks, algorithms: ["ES256"] });
  const folder = scratchFolder();
  const text = `import { jwtVerifier } from ${JSON.stringify(source.replace("src/index.ts", core))};
${before}
export default {
  store: "memory:",
  indexes: ["public.plan"],
  limits: { characters: { unsafe: 20 } },
  verifier: jwtVerifier(${options}),
};
`;
  writeFileSync(join(folder, file), text);
  return folder;
}

async function putUnsafe(url: string, value: string, token = mintToken({ sub: "ada" })): Promise<number> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${await token}` };
  const body = JSON.stringify({ unsafe: { value } });
  return (await fetch(`${url}/me/metadata`, { method: "PUT", headers, body })).status;
}

it("usermeta.config.ts of the working directory is taken, with all that createUserMeta can be told", async () => {
  const { url } = await serve([], { folder: await configured("usermeta.config.ts", "const typed: number = 1;") });
  expect(await verdicts(url)).toEqual([200, 422, 401]);
  const where = encodeURIComponent('{"public.plan":"pro"}');
  expect((await fetch(`${url}/admin/users?where=${where}`)).status).toBe(200);
});

it("--config names another file", async () => {
  const { url } = await serve(["--config", "settings.mts"], { folder: await configured("settings.mts") });
  expect(await putUnsafe(url, "short")).toBe(200);
});

it.each([
  ["a Node that does not strip types, as before 22.18", "const typed: number = 1;", ["--no-experimental-strip-types"]],
  [
    "one that does, when it is more than types, e.g. an enum",
    "enum Plan { Free, Pro }; export const plan = Plan.Pro;",
    [],
  ],
])("TypeScript is read by %s", async (_name, text, flags) => {
  const folder = await configured("usermeta.config.ts", text, "dist/index.js");
  const { url } = await serve([], { folder, node: [...flags, build()] });
  expect(await verdicts(url)).toEqual([200, 422, 401]);
});

/** The command as it is published. */
function build(): string {
  const root = fileURLToPath(new URL("../../..", import.meta.url));
  const tsc = fileURLToPath(import.meta.resolve("typescript/package.json").replace("package.json", "bin/tsc"));
  const { stdout } = spawnSync(process.execPath, [tsc, "-b", "packages/usermeta"], { cwd: root, encoding: "utf8" });
  expect(stdout, "what the compiler says").toBe("");
  return join(root, "packages/usermeta/dist/main.js");
}

it("options of the command line come before it", async () => {
  const folder = await configured("usermeta.config.ts");
  const { stop } = await serve(["--store", "sqlite:here.db"], { folder });
  expect(await stop()).toBe(0);
  const { ended } = start(["serve", "--store", "sqlite:/nowhere/here.db"], { folder });
  expect(await ended).toBe(2);
});

it.each([
  ["throws", 'throw new Error("no luck")', "no luck"],
  ["exports nothing", "export {}", "an object of options"],
  ["misspells an option", "export default { verifer: 1 }", '"verifer"'],
])("a configuration that %s stops it with code 2", async (_what, text, message) => {
  const folder = scratchFolder();
  writeFileSync(join(folder, "usermeta.config.ts"), text);
  const { ended, printed } = start(["serve"], { folder });
  expect([await ended, printed()]).toEqual([2, expect.stringContaining(message)]);
});
