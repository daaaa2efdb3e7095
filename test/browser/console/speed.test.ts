import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { sqliteStore } from "@usermeta/sqlite";
import { expect, onTestFinished } from "vitest";
import { documentsOf, userIdOf } from "../../bench/users.ts";
import { it } from "../browser.ts";
import { key, openDesk } from "./desk.ts";

it("shows its first screen of 100,000 users after one small page of the list", async ({ page }) => {
  const folder = mkdtempSync(join(tmpdir(), "usermeta-console-"));
  onTestFinished(() => {
    database.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const database = new DatabaseSync(join(folder, "users.db"));
  const store = sqliteStore(database);
  const read: number[] = [];
  const desk = await openDesk({
    history: false,
    store: {
      ...store,
      list: async (query) => {
        const records = await store.list(query);
        read.push(records.length);
        return records;
      },
    },
  });
  await Promise.all(Array.from({ length: 100 }, (_, i) => desk.meta.update(userIdOf(i), documentsOf(i))));
  const columns =
    "incarnation, version, created_at, public_json, public_version, public_updated_at, private_json, \
private_version, private_updated_at, unsafe_json, unsafe_version, unsafe_updated_at";
  database.exec(`WITH RECURSIVE copy (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < 999)
    INSERT INTO usermeta_records (namespace, user_id, ${columns})
    SELECT namespace, user_id || '-' || n, ${columns} FROM copy CROSS JOIN usermeta_records`);
  expect(database.prepare("SELECT count(*) AS users FROM usermeta_records").get()).toEqual({ users: 100_000 });

  const times: number[] = [];
  for (let i = 0; i < 3; i++) {
    await page.goto(desk.url);
    await page.getByRole("textbox", { name: "Admin key" }).fill(key);
    const [asked, list] = [desk.answers.length, read.length];
    const started = performance.now();
    await page.keyboard.press("Enter");
    await page.getByText("50 users").waitFor();
    times.push(performance.now() - started);
    expect(desk.answers.slice(asked).map(({ path }) => path)).toEqual([
      "/console/admin/users?limit=1",
      "/console/admin/users?limit=50",
    ]);
    expect(read.slice(list).reduce((sum, rows) => sum + rows, 0)).toBeLessThanOrEqual(53);
  }
  const loads = await page.evaluate(() => performance.getEntriesByType("navigation").map(({ duration }) => duration));
  console.info(
    `console, 100,000 users: the page loads in ${Math.round(loads[0] ?? 0)} ms; from the key to the list ${times.map(Math.round).join(", ")} ms`,
  );
});
