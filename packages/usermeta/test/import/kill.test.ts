import { createWriteStream, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { scratchFolder, start } from "../served.ts";

/** Users in no order, and about one row in a hundred for a user who was there before. */
function* lines(count: number): Generator<string, void, undefined> {
  for (let i = 0; i < count; i++) {
    const user = i % 100 === 99 ? i - 50 : i;
    const id = (Math.imul(user, 2_654_435_761) >>> 0).toString(16).padStart(8, "0");
    yield `{"userId":"user_${id}","public":{"plan":"pro","row":${i}},"private":{"stripe":"cus_${i}"}}\n`;
  }
}

/** Resolves once something is written from now on. */
async function writing(folder: string): Promise<void> {
  const log = join(folder, "usermeta.db-wal");
  const since = Date.now();
  while ((statSync(log, { throwIfNoEntry: false })?.mtimeMs ?? 0) <= since) await sleep(10);
}

describe("An import that is killed", () => {
  it("at any moment, again and again, neither loses a row nor writes one twice", { timeout: 600_000 }, async () => {
    const rows = 60_000;
    const folder = scratchFolder();
    await pipeline(Readable.from(lines(rows)), createWriteStream(join(folder, "users.ndjson")));
    const run = () => start(["import", "users.ndjson", "--json"], { folder });

    let kills = 0;
    let code: unknown;
    for (let spared = 300; code !== 0; spared *= 1.2) {
      const importing = run();
      await Promise.race([writing(folder), importing.ended]);
      await Promise.race([sleep(Math.random() * spared), importing.ended]);
      importing.child.kill("SIGKILL");
      code = await importing.ended;
      if (code === "SIGKILL") kills++;
      else expect({ code, printed: importing.printed() }).toMatchObject({ code: 0 });
    }
    expect(kills).toBeGreaterThanOrEqual(3);
    expect(readdirSync(folder).filter((name) => name.includes("checkpoint"))).toEqual([]);

    const database = new DatabaseSync(join(folder, "usermeta.db"), { readOnly: true });
    const one = (sql: string): unknown => Object.values(database.prepare(sql).get() ?? {})[0];
    expect(one("PRAGMA integrity_check")).toBe("ok");
    const users = rows - rows / 100;
    expect(one("SELECT count(*) FROM usermeta_records")).toBe(users);
    // Every row is one version and one entry of the log: those of users named twice, two.
    expect(one("SELECT sum(version) FROM usermeta_records")).toBe(rows);
    expect(one("SELECT count(*) FROM usermeta_changes")).toBe(rows);
    expect(one("SELECT count(*) FROM usermeta_records WHERE version > 2")).toBe(0);
    database.close();

    const again = run();
    expect(await again.ended).toBe(0);
    expect(JSON.parse(again.printed().trim().split("\n").at(-1) as string)).toMatchObject({ created: 0, refused: 0 });
    expect(existsSync(join(folder, "users.ndjson"))).toBe(true);
  });

  it("politely, says so and goes on from there", async () => {
    const folder = scratchFolder();
    await pipeline(Readable.from(lines(40_000)), createWriteStream(join(folder, "users.ndjson")));
    const importing = start(["import", "users.ndjson"], { folder });
    await writing(folder);
    importing.child.kill("SIGINT");
    expect(await importing.ended).toBe(130);
    expect(importing.printed()).toMatch(/so far: .*The same command goes on from here/s);
    const rest = start(["import", "users.ndjson", "--json"], { folder });
    expect(await rest.ended).toBe(0);
    const { created, changed } = JSON.parse(rest.printed().trim().split("\n").at(-1) as string) as Record<
      string,
      number
    >;
    expect({ created, changed }).toEqual({ created: 39_600, changed: 400 });
  });
});
