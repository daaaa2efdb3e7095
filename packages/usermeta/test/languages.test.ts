import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, it } from "vitest";
import { which } from "../../../test/servers.ts";
import { blocksOf } from "./blocks.ts";
import { scratchFolder, serve } from "./served.ts";

const key = "an-admin-key-of-at-least-32-characters";
const run = promisify(execFile);
const blocks = blocksOf("other-languages.md");

// docs/other-languages.md, as it stands there.
it.for([
  ["curl", "sh", "credits.sh", ["curl", "sh"], ["sh"]],
  ["Python", "python", "credits.py", ["python3"], ["python3"]],
  ["Go", "go", "credits.go", ["go"], ["go", "run"]],
  ["Ruby", "ruby", "credits.rb", ["ruby"], ["ruby"]],
] as const)(
  "the program in %s does what the guide says, while others write to the same user",
  { timeout: 300_000 },
  async ([name, language, file, needs, [program, ...args]], context) => {
    const missing = needs.find((one) => which(one) === undefined);
    if (missing !== undefined) return context.skip(`${missing} is not installed`);
    const folder = scratchFolder();
    const { url } = await serve(["--store", "memory:"], { env: { USERMETA_ADMIN_KEY: key } });
    writeFileSync(join(folder, file), blocks.get(language) ?? "");
    const env = { ...process.env, HOME: folder, GOFLAGS: "-mod=mod", USERMETA_URL: url, USERMETA_ADMIN_KEY: key };

    const user = name === "curl" ? "user%201" : "user 1/ü"; // curl takes paths as they are
    const running = run(program, [...args, file, user], { cwd: folder, env });
    let isDone = false;
    const others = (async () => {
      for (let n = 0; !isDone; n++)
        await fetch(`${url}/admin/users/${name === "curl" ? user : encodeURIComponent(user)}/metadata`, {
          method: "PATCH",
          headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
          body: JSON.stringify({ unsafe: { n } }),
        }).then(async (response) => response.arrayBuffer());
    })();
    const { stdout } = await running.finally(() => (isDone = true));
    await others;

    expect(stdout).toBe("credits left: 2\n");
    const path = `${url}/admin/users/${name === "curl" ? user : encodeURIComponent(user)}`;
    const headers = { authorization: `Bearer ${key}` };
    const record = await fetch(`${path}/metadata`, { headers }).then((response) => response.json());
    expect(record).toMatchObject({ public: { plan: "pro" }, private: { credits: 2 } });
    const history = await fetch(`${path}/history?limit=500`, { headers }).then((response) => response.text());
    expect(history.match(/"reason":"export"/g)).toHaveLength(1);
  },
);
