import { type MysqlPool, mysqlStore } from "@usermeta/mysql";
import { describe, expect, it } from "vitest";
import { answerOf, putOf } from "./samples.ts";

describe("errors of the server", () => {
  /** A pool whose statements of one kind fail in this way, and what became of its connections. */
  function failing(kind: string, error: unknown): { pool: MysqlPool; ends: string[] } {
    const ends: string[] = [];
    const rows = (sql: string) => (sql.includes("usermeta_schema") ? [{ version: 1, compatible_from: 1 }] : written);
    const connection = {
      query: async ({ sql }: { sql: string }): Promise<[unknown, unknown]> => {
        if (sql.startsWith(kind) && !sql.includes("usermeta_schema")) throw error;
        return [rows(sql), undefined];
      },
      release: () => void ends.push("released"),
      destroy: () => void ends.push("destroyed"),
    };
    return { pool: { getConnection: async () => connection }, ends };
  }
  const put = putOf("bob");
  const written = [
    {
      place: 0,
      version: 1,
      change_id: Buffer.from(put.change.id),
      expected: Buffer.from(""),
      known_version: null,
      known_digest: null,
      oldest: null,
      oldest_whole: null,
      oldest_kept: null,
    },
  ];
  const said = (errno: number) => Object.assign(new Error(String(errno)), { errno, sqlState: "HY000" });
  const lost = Object.assign(new Error("read ECONNRESET"), { errno: -104, code: "ECONNRESET", fatal: true });

  it.each<[string, string, Error, unknown, string]>([
    ["a lost connection", "SELECT", lost, "store_unavailable", "destroyed"],
    ["a deadlock", "INSERT", said(1213), "store_unavailable", "released"],
    ["a lock that is held", "INSERT", said(1205), "store_unavailable", "released"],
    ["a shutdown", "INSERT", said(1053), "store_unavailable", "destroyed"],
    ["a full disk", "INSERT", said(1021), "store_unavailable", "released"],
    ["a server that became a replica", "INSERT", said(1290), "store_unavailable", "released"],
    ["a missing table", "INSERT", said(1146), "invalid_config", "released"],
    ["a missing privilege", "INSERT", said(1142), "invalid_config", "released"],
    ["a lost connection at the commit", "COMMIT", lost, ["unknown"], "destroyed"],
    ["an error at the commit", "COMMIT", said(1180), ["unknown"], "destroyed"],
    ["a refusal of a cluster at the commit", "COMMIT", said(1213), "store_unavailable", "destroyed"],
  ])("on %s answers what is known", async (_, kind, error, answer, end) => {
    const { pool, ends } = failing(kind, error);
    const store = mysqlStore(pool, { timeout: 100 });
    expect(await answerOf(store.write([put]))).toEqual(answer);
    expect(new Set(ends)).toEqual(new Set([end]));
  });

  it("says that an erasure is uncertain when the commit is not answered", async () => {
    const store = mysqlStore(failing("COMMIT", lost).pool);
    expect(await answerOf(store.erase("bob"))).toBe("outcome_unknown");
  });

  it("throws bugs as they are", async () => {
    const bug = new TypeError("a bug");
    await expect(mysqlStore(failing("INSERT", bug).pool).write([put])).rejects.toBe(bug);
    const refused = said(1062);
    await expect(mysqlStore(failing("INSERT", refused).pool).write([put])).rejects.toBe(refused);
  });
});
