import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { testVerifier } from "@usermeta/testkit";
import { describe, expect, it, onTestFinished } from "vitest";
import { serve as listen } from "../../../test/serve.ts";
import { postgres } from "../../../test/servers.ts";
import { scratchFolder, start } from "./served.ts";

/** Runs commands in one folder, so that they share a store. */
function shell(env: Record<string, string> = {}) {
  const folder = scratchFolder();
  async function run(...args: string[]): Promise<{ readonly code: unknown; readonly printed: string }> {
    const command = start(args, { folder, env });
    return { code: await command.ended, printed: command.printed() };
  }
  /** The one JSON value that a command prints when all is well. */
  async function json(...args: string[]): Promise<unknown> {
    const { code, printed } = await run(...args, "--json");
    expect({ code, printed }).toMatchObject({ code: 0 });
    return JSON.parse(printed);
  }
  return { folder, run, json };
}

describe("The commands on one user", () => {
  it("set, read, unset, replace and clear places of a record", async () => {
    const { run, json } = shell();
    const set = await run(
      "set",
      "ada",
      "public.plan=pro",
      "private.billing.credits=10",
      'unsafe.tags=["a"]',
      "unsafe.no=null",
    );
    expect(set).toEqual({ code: 0, printed: "ada is now at version 1\n" });
    expect(await run("get", "ada", "public.plan")).toEqual({ code: 0, printed: "pro\n" });
    expect(await json("get", "ada", "private")).toEqual({ billing: { credits: 10 } });
    expect(await json("unset", "ada", "private.billing.credits", "unsafe.no")).toMatchObject({
      private: { billing: {} },
      unsafe: { tags: ["a"] },
      version: 2,
    });
    expect(await json("replace", "ada", "unsafe", '{"theme":"dark"}')).toMatchObject({ unsafe: { theme: "dark" } });
    expect(await json("clear", "ada", "private")).toMatchObject({ private: {}, public: { plan: "pro" }, version: 4 });
    expect((await run("clear", "ada", "private")).printed).toBe("ada is unchanged, at version 4\n");
  });

  it("tell what happened, undo it, and erase it all", async () => {
    const { run, json } = shell();
    await run("set", "ada", "public.plan=free");
    await run("set", "ada", "public.plan=pro", "--actor", "ops", "--reason", "paid in cash");
    const { printed } = await run("history", "ada");
    expect(printed).toMatch(/^ {3}2 .* ops {2}\/public\/plan {2}\(paid in cash\) {2}\S+\n {3}1 /);
    expect(printed).not.toContain("free");
    const { id } = (await json("history", "ada", "--limit", "1")) as { id: string };
    expect(await json("revert", "ada", id)).toMatchObject({ public: { plan: "free" }, version: 3 });
    expect(await json("export", "--user", "ada")).toMatchObject({ record: { userId: "ada" }, history: [{}, {}, {}] });
    expect(await run("erase", "ada")).toMatchObject({ code: 2 });
    expect(await json("erase", "ada", "--yes")).toEqual({ userId: "ada", erased: true });
    expect(await json("get", "ada")).toMatchObject({ version: 0, public: {} });
  });

  it("fail with a code, a cause on standard error, and nothing written", async () => {
    const { run, json } = shell();
    await run("set", "ada", "public.plan=pro");
    const failures = [
      [["get", "ada", "public.nothing"], 1, "not_found"],
      [["set", "ada", "public.n=12345678901234567890"], 1, "invalid_number"],
      [["set", "ada", 'public.broken={"a":'], 1, "invalid_json"],
      [["set", "ada", "public.plan.name=x"], 1, "not_an_object"],
      [["set", "ada", "publik.plan=x"], 2, "invalid_config"],
      [["set", "ada", "public.plan"], 2, "invalid_config"],
      [["replace", "ada", "unsafe", "[]"], 1, "not_an_object"],
      [["set", "ada", "public.plan=x", "--if-match", '"0"'], 1, "version_conflict"],
      [["revert", "ada", "nothing"], 1, "not_found"],
      [["list", "--where", '{"public.plan":"pro"}'], 1, "unindexed_path"],
      [["list", "--limit", "0"], 2, "invalid_config"],
      [["import", "nowhere.ndjson"], 2, "invalid_config"],
      [["import", "https://api.clerk.com", "--from", "auth0"], 2, "invalid_config"],
      [["get", "ada", "--store", "mongodb://x"], 2, "invalid_config"],
    ] as const;
    for (const [args, code, cause] of failures) {
      const failed = await run(...args, "--json");
      expect([args, failed.code, JSON.parse(failed.printed)]).toEqual([
        args,
        code,
        { code: cause, message: expect.any(String) },
      ]);
    }
    expect(await run("nonsense")).toMatchObject({ code: 2 });
    expect(await json("get", "ada")).toMatchObject({ public: { plan: "pro" }, version: 1 });
  });
});

describe("The commands on many users", () => {
  it("list, search, export and import", async () => {
    const { run, folder } = shell();
    const rows = Array.from(
      { length: 230 },
      (_, i) => `{"userId":"u${i}","public":{"plan":"${i % 10 ? "free" : "pro"}"}}`,
    );
    writeFileSync(join(folder, "users.ndjson"), rows.join("\n"));
    const dry = await run("import", "users.ndjson", "--dry-run");
    expect(dry).toEqual({ code: 0, printed: "would be 230 created, 0 refused\n" });
    expect((await run("list")).printed).toBe("");
    expect(await run("import", "users.ndjson")).toEqual({ code: 0, printed: "done: 230 created, 0 refused\n" });
    const found = await run("list", "--index", "public.plan", "--where", '{"public.plan":"pro"}', "--json");
    expect(found.printed.trim().split("\n")).toHaveLength(23);

    for (const name of ["all.ndjson", "all.csv"]) {
      expect(await run("export", "-o", name)).toEqual({ code: 0, printed: `${name}: 230 users\n` });
      const copy = ["--store", `sqlite:${name}.db`];
      expect(await run("import", name, ...copy)).toMatchObject({ printed: "done: 230 created, 0 refused\n" });
      expect((await run("export", ...copy)).printed.replace(/,"version.*/g, "")).toBe(
        readFileSync(join(folder, "all.ndjson"), "utf8").replace(/,"version.*/g, ""),
      );
    }
  });

  it("name refused rows on standard error, by number and cause only", async () => {
    const { run, folder } = shell();
    writeFileSync(join(folder, "users.ndjson"), '{"userId":"a","private":{"ssn":"hush","ssn":1}}\n{"userId":"b"}\n');
    const { code, printed } = await run("import", "users.ndjson");
    expect(code).toBe(1);
    expect(printed).toBe(
      "line 1: each key of an object may be named once at /private/ssn (duplicate_key)\ndone: 0 created, 1 unchanged, 1 refused\n",
    );
  });

  it("work on PostgreSQL, where migrate and doctor say what is missing", async (context) => {
    const server = await postgres();
    if (server === undefined) return context.skip("no PostgreSQL for this platform");
    onTestFinished(() => server.stop());
    const { run, json, folder } = shell({ USERMETA_STORE: server.url });
    const before = await run("doctor");
    expect(before.code).toBe(1);
    expect(before.printed).toMatch(/^✗ schema: .*\(invalid_config\)$/m);
    expect(await run("migrate")).toEqual({ code: 0, printed: "the store is up to date\n" });
    expect(await run("doctor")).toMatchObject({ code: 0 });
    expect(await json("set", "ada", "private.credits=3")).toMatchObject({ version: 1 });
    writeFileSync(join(folder, "users.csv"), 'userId,public\nada,"{""plan"":""pro""}"\nbob,"{}"\n');
    expect(await json("import", "users.csv")).toMatchObject({ changed: 1, unchanged: 1, refused: 0 });
    expect(await json("get", "ada")).toMatchObject({ public: { plan: "pro" }, private: { credits: 3 }, version: 2 });
  });
});

describe("usermeta doctor", () => {
  const config = `
    const plan = { "~standard": { version: 1, vendor: "test", validate: (value) =>
      value.plan === "pro" ? { value } : { issues: [{ message: "no", path: ["plan"] }] } } };
    export default { schema: { public: plan }, indexes: ["unsafe.theme"] };`;

  it("finds large documents, misfits, what trusts users, and keys that are out of reach; and changes nothing", async () => {
    const { run, folder } = shell();
    writeFileSync(
      join(folder, "users.ndjson"),
      `{"userId":"ada","public":{"plan":"free","bio":"${"x".repeat(1_500)}"}}\n`,
    );
    await run("import", "users.ndjson");
    writeFileSync(join(folder, "usermeta.config.js"), config);
    writeFileSync(join(folder, "app.ts"), "\nverifySession(meta, { requireMetadata, allowUntrusted: true });\n");
    const { code, printed } = await run("doctor", "--jwks-url", "http://127.0.0.1:9/jwks.json");
    expect(code).toBe(1);
    expect(printed).toMatch(/^✓ store: answers in/m);
    expect(printed).toMatch(/^✓ largest documents: ada public: 1524 characters, 51 %$/m);
    expect(printed).toMatch(/^! token budget: .* of 1 user take .* ada/m);
    expect(printed).toMatch(/^✗ schemas: 1 document .* ada at public\.plan$/m);
    expect(printed).toMatch(/^✗ key set: .*\(keys_unavailable\)$/m);
    expect(printed).toMatch(/^! trust: .*app\.ts:2 has allowUntrusted; unsafe\.theme is searched$/m);
  });

  it("is content where there is nothing to say", async () => {
    const { jwks } = await testVerifier();
    const server = await listen((_req, res) =>
      res.setHeader("content-type", "application/json").end(JSON.stringify(jwks)),
    );
    onTestFinished(() => server.close());
    const { run } = shell();
    await run("set", "ada", "public.plan=pro");
    const { code, printed } = await run("doctor", "--jwks-url", `http://127.0.0.1:${server.port}/jwks.json`, "--json");
    expect(code).toBe(0);
    const findings = printed
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { check: string; level: string });
    expect(findings.filter(({ level }) => level !== "ok")).toEqual([]);
    expect(findings.map(({ check }) => check)).toContain("key set");
  });
});

describe("Completion", () => {
  it.each(["bash", "zsh", "fish"])("knows every command and its options in %s", async (name) => {
    const { run } = shell();
    const { code, printed } = await run("completion", name);
    expect(code).toBe(0);
    for (const word of ["serve", "import", "doctor", "dry-run", "supabase"]) expect(printed).toContain(word);
  });
});
