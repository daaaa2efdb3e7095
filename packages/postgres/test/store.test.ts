import type { Term } from "@usermeta/core";
import { type PostgresOptions, type PostgresPool, postgresStore } from "@usermeta/postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { columns, statements } from "../src/query.ts";
import { indexName, listSql, type Sql, search } from "../src/search.ts";
import { putOf, startServer, watched } from "./samples.ts";

const server = await startServer();
const indexes = ["public.plan", "public.credits"];
let pool: pg.Pool;
const sent: { text: string; name?: string }[] = [];
beforeAll(async () => {
  await postgresStore(server.url, { indexes }).migrate();
  pool = new pg.Pool({ connectionString: server.url });
  pool.on("error", () => {}); // the server may stop before it has read every goodbye
});
afterAll(() => pool.end());

describe("round trips", () => {
  it.each([1, 2, 100])("are one for a batch of %i", async (size) => {
    const store = postgresStore(
      watched(pool, (statement) => sent.push(statement)),
      { namespace: `size ${size}` },
    );
    await store.ping();
    const during = async (work: Promise<unknown>) => {
      sent.length = 0;
      await work;
      return sent.length;
    };
    const puts = Array.from({ length: size }, (_, i) => putOf(`user${i}`));
    expect(await during(store.write(puts))).toBe(1);
    expect(await during(store.write(puts.map(({ next }) => putOf(next.userId, next))))).toBe(1);
    expect(await during(store.write(puts.map(({ next }) => putOf(next.userId, next))))).toBe(1); // conflicts
    expect(await during(store.write(puts))).toBe(1); // duplicates
    expect(await during(store.read(puts.map(({ next }) => next.userId)))).toBe(1);
    expect(await during(store.erase("user0"))).toBe(1);
    await store.close();
  });

  it("name their statements only where they may be prepared", async () => {
    for (const prepare of [false, true]) {
      const store = postgresStore(
        watched(pool, (statement) => sent.push(statement)),
        { prepare },
      );
      sent.length = 0;
      const put = putOf(`prepared ${prepare}`);
      expect(await store.write([put])).toEqual(["written"]);
      expect(await store.read([put.next.userId])).toEqual([put.next]);
      expect(await store.history(put.next.userId, { limit: 2 })).toEqual([put.change]);
      expect(sent.map(({ name }) => name !== undefined)).toEqual(sent.map(() => prepare));
      expect(sent).toHaveLength(4);
      await store.close();
    }
  });

  it.each([
    ["forgets what was prepared", "DEALLOCATE ALL"],
    ["has prepared it already", Object.values(statements).map(({ name, text }) => `PREPARE ${name} AS ${text}`)],
  ])("go on unprepared behind a pooler whose session %s", async (_, change) => {
    const own = new pg.Pool({ connectionString: server.url, max: 1 });
    const store = postgresStore(
      watched(own, (statement) => sent.push(statement)),
      { namespace: String(change).slice(0, 20) },
    );
    if (typeof change === "string") await store.ping();
    for (const text of [change].flat()) await own.query(text);
    sent.length = 0;
    await store.ping();
    const put = putOf("bob");
    expect([await store.write([put]), await store.read(["bob"])]).toEqual([["written"], [put.next]]);
    const isChecking = typeof change === "string" ? 0 : 1;
    expect(sent.map(({ name }) => name !== undefined)).toEqual([true, ...Array(isChecking + 3).fill(false)]);
    await store.close();
    await own.end();
  });
});

it("plans a write by its users while the tables are empty, and keeps to that plan", async () => {
  const url = await server.database();
  await postgresStore(url).migrate();
  const client = new pg.Client(url);
  await client.connect();
  await client.query(`PREPARE write AS ${statements.write.text}`);
  await client.query("SET plan_cache_mode = force_generic_plan");
  const count = new Set(statements.write.text.match(/\$\d+/g)).size;
  const { rows } = await client.query<Record<"QUERY PLAN", string>>(
    `EXPLAIN EXECUTE write(${Array(count).fill("NULL").join(", ")})`,
  );
  await client.end();
  const lines = rows.map((row) => row["QUERY PLAN"]);
  const scans = lines.flatMap((line, i) => (/Scan.* on usermeta_/.test(line) ? [`${line} ${lines[i + 1]}`] : []));
  expect(scans.length).toBeGreaterThanOrEqual(5);
  for (const scan of scans) expect(scan).toMatch(/Index Scan using .* Index Cond: .*user_id = /);
});

describe("a search", () => {
  const plan = { scope: "public", path: ["plan"] } as const;
  const credits = { scope: "public", path: ["credits"] } as const;
  const namespace = "search";
  const plans = ["free", "pro", "rare"];
  const userId = (i: number) => `user${String(i).padStart(5, "0")}`;

  beforeAll(async () => {
    const store = postgresStore(pool, { indexes, namespace });
    for (let i = 0; i < 5_000; i += 100)
      await store.write(
        Array.from({ length: 100 }, (_, j) => {
          const n = i + j;
          return putOf(userId(n), undefined, JSON.stringify({ plan: plans[n === 4_500 ? 2 : n % 2], credits: n }));
        }),
      );
    await store.close();
    await server.sql("ANALYZE usermeta_records");
  });

  /** The nodes of PostgreSQL's plan that read the table or its indexes, or sort. */
  async function planOf(where: readonly Term[], limit = 10): Promise<string[]> {
    const { text, values } = listSql(columns, namespace, { where, after: "a", limit });
    const { rows } = await pool.query<Record<"QUERY PLAN", string>>(`EXPLAIN ${text}`, [...values]);
    return rows
      .map((row) => row["QUERY PLAN"])
      .filter((line) => /Scan.* usermeta|Scan on usermeta|Index Scan/.test(line));
  }

  it.each<[string, Term]>([
    ["one value that many have", { ...plan, op: "in", values: ["pro"] }],
    ["one value that few have", { ...plan, op: "in", values: ["rare"] }],
    ["a number", { ...plan, op: "in", values: [5] }],
    ["several values", { ...plan, op: "in", values: ["pro", 5, null, true] }],
    ["nothing", { ...plan, op: "exists", value: false }],
  ])("for %s takes a page from the index, already in order", async (_, term) => {
    const [scan, ...others] = await planOf([term]);
    expect(scan).toContain(`Index Scan using ${indexName("public.plan")} on usermeta_records`);
    expect(others).toEqual([]);
  });

  it("does so without statistics, and for several terms by the one that asks for a value", async () => {
    const before = await planOf([
      { ...credits, op: "gt", value: 5 },
      { ...plan, op: "in", values: ["pro"] },
    ]);
    await server.sql("DELETE FROM pg_statistic WHERE starelid = 'usermeta_records'::regclass");
    await server.sql(
      "DELETE FROM pg_statistic WHERE starelid IN (SELECT indexrelid FROM pg_index WHERE indrelid = 'usermeta_records'::regclass)",
    );
    const after = await planOf([{ ...plan, op: "in", values: ["pro"] }]);
    await server.sql("ANALYZE usermeta_records");
    for (const [scan, ...others] of [before, after]) {
      expect(scan).toContain(`Index Scan using ${indexName("public.plan")} on usermeta_records`);
      expect(others).toEqual([]);
    }
  });

  /** How many records each index gave while a page was found. */
  async function visits(where: readonly Term[], limit = 10): Promise<Record<string, number>> {
    const seen: Record<string, number> = {};
    const add = (node: PlanNode): void => {
      const { "Index Name": index, "Actual Rows": rows, "Actual Loops": loops, Plans: parts = [] } = node;
      const name = index === "usermeta_records_pkey" ? "users" : index;
      if (node["Relation Name"] && !index) throw new Error(`a ${node["Node Type"]}`);
      if (name && rows * loops > 0) seen[name] = (seen[name] ?? 0) + rows * loops;
      for (const part of parts) add(part);
    };
    await search(
      async <Row>({ text, values }: Sql) => {
        const explain = `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`;
        const { rows } = await pool.query<{ "QUERY PLAN": [{ Plan: PlanNode }] }>(explain, [...values]);
        if (!text.includes("AS count0")) for (const row of rows) add(row["QUERY PLAN"][0].Plan);
        return (await pool.query<Row & object>(text, [...values])).rows;
      },
      columns,
      namespace,
      { where, after: "a", limit },
    );
    return seen;
  }
  interface PlanNode {
    readonly "Node Type": string;
    readonly "Relation Name"?: string;
    readonly "Index Name"?: string;
    readonly "Actual Rows": number;
    readonly "Actual Loops": number;
    readonly Plans?: readonly PlanNode[];
  }
  const [planIndex, creditsIndex] = indexes.map(indexName) as [string, string];

  it.each<[string, readonly Term[], Record<string, number>]>([
    ["for a wide range looks at the next users only", [{ ...credits, op: "gte", value: 10 }], { users: 20 }],
    [
      "for a narrow one at so many of them, and at what the index finds",
      [{ ...credits, op: "gte", value: 4_990 }],
      { users: 800, [creditsIndex]: 10 },
    ],
    [
      "with two ends at what lies between them",
      [
        { ...credits, op: "gte", value: 3_000 },
        { ...credits, op: "lt", value: 3_005 },
      ],
      { users: 800, [creditsIndex]: 5 },
    ],
    [
      "by several paths goes by the one that finds the fewest, whichever comes first",
      [
        { ...plan, op: "in", values: ["free"] },
        { ...credits, op: "in", values: [4_000] },
      ],
      { [creditsIndex]: 1 },
    ],
    [
      "by a value and a range goes by the range where that finds fewer",
      [
        { ...plan, op: "in", values: ["pro"] },
        { ...credits, op: "gt", value: 4_995 },
      ],
      { users: 800, [creditsIndex]: 4 },
    ],
    [
      "by a value and a wide range goes by the value",
      [
        { ...credits, op: "gte", value: 10 },
        { ...plan, op: "in", values: ["pro"] },
      ],
      { [planIndex]: 15 },
    ],
  ])("%s", async (_, where, expected) => {
    expect(await visits(where)).toEqual(expected);
  });

  it("without terms goes by user id", async () => {
    expect((await planOf([])).join()).toContain("Index Scan using usermeta_records_pkey");
  });

  it("finds strings that are longer than an index can hold, and tells them apart at the end", async () => {
    const store = postgresStore(pool, { indexes, namespace: "long" });
    const start = "😀".repeat(5_000);
    const texts = ["", "a", "b", "c"]
      .map((end) => start + end)
      .concat("😀".repeat(199), "😀".repeat(200), "😀".repeat(201));
    const puts = texts.map((text, i) => putOf(`user${i}`, undefined, JSON.stringify({ plan: text })));
    expect(await store.write(puts)).toEqual(texts.map(() => "written"));
    const find = async (term: Term) =>
      (await store.list({ where: [term], limit: 10 })).map(({ userId }) => Number(userId.slice(4)));
    for (const [i, text] of texts.entries()) expect(await find({ ...plan, op: "in", values: [text] })).toEqual([i]);
    const all = texts.map((text, i) => [text, i] as const);
    const b = `${start}b`;
    const where = (holds: (text: string) => boolean) => all.flatMap(([text, i]) => (holds(text) ? [i] : []));
    expect(await find({ ...plan, op: "gt", value: b })).toEqual(where((text) => text > b));
    expect(await find({ ...plan, op: "gte", value: b })).toEqual(where((text) => text >= b));
    expect(await find({ ...plan, op: "lt", value: b })).toEqual(where((text) => text < b));
    expect(await find({ ...plan, op: "lte", value: b })).toEqual(where((text) => text <= b));
    await store.close();
  });

  it("does not take an array's element for a member", async () => {
    const store = postgresStore(pool, { indexes: ["public.plan.0"], namespace: "array" });
    await store.migrate();
    await store.write([
      putOf("array", undefined, '{"plan":["pro"]}'),
      putOf("object", undefined, '{"plan":{"0":"pro"}}'),
    ]);
    const where: Term[] = [{ scope: "public", path: ["plan", "0"], op: "in", values: ["pro"] }];
    expect((await store.list({ where, limit: 9 })).map(({ userId }) => userId)).toEqual(["object"]);
    await store.close();
  });
});

describe("a pool of the application's own", () => {
  it("is left open, with the listeners it had", async () => {
    const own = new pg.Pool({ connectionString: server.url });
    const store = postgresStore(own);
    await store.ping();
    expect(own.listenerCount("error")).toBe(1);
    await store.close();
    expect(own.listenerCount("error")).toBe(0);
    expect((await own.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await own.end();
  });

  it.each<[string, string]>([
    ["repeatable reads", "-c default_transaction_isolation=repeatable\\ read"],
    ["serializable transactions", "-c default_transaction_isolation=serializable"],
    ["old-style strings", "-c standard_conforming_strings=off"],
    [
      "another client encoding of numbers and dates",
      "-c extra_float_digits=0 -c DateStyle=German -c IntervalStyle=iso_8601",
    ],
  ])("works when its sessions are set to %s", async (_, options) => {
    const own = new pg.Pool({ connectionString: server.url, options });
    const store = postgresStore(own, { namespace: options, indexes });
    const put = putOf("o'clock \\ 😀");
    expect(await store.write([put])).toEqual(["written"]);
    const racing = Array.from({ length: 8 }, () => store.write([putOf(put.next.userId, put.next)]));
    expect((await Promise.all(racing)).flat().map(String).sort()).toEqual([...Array(7).fill("conflict"), "written"]);
    const where: Term[] = [{ scope: "public", path: ["plan"], op: "in", values: ["pro"] }];
    expect(await store.list({ where, limit: 5 })).toHaveLength(1);
    await store.erase(put.next.userId);
    expect([await store.read([put.next.userId]), await store.history(put.next.userId, { limit: 5 })]).toEqual([
      [undefined],
      [],
    ]);
    await own.end();
  });

  it("may give bigints as it likes", async () => {
    const types = {
      getTypeParser: (oid: number) => (text: string) => (oid === 20 ? BigInt(text) : oid === 16 ? text === "t" : text),
    };
    const own = new pg.Pool({ connectionString: server.url, types: types as pg.CustomTypesConfig });
    const store = postgresStore(own, { namespace: "bigint" });
    const put = putOf("bob");
    expect([await store.write([put]), await store.write([put])]).toEqual([
      ["written"],
      [{ duplicate: { version: 1, digest: "digest" } }],
    ]);
    expect([await store.read(["bob"]), await store.history("bob", { limit: 5 })]).toEqual([[put.next], [put.change]]);
    await own.end();
  });
});

it("erases nothing of a record that is written meanwhile, or all of it", async () => {
  const store = postgresStore(pool, { namespace: "erase" });
  for (let round = 0; round < 30; round++) {
    const first = putOf("bob");
    expect(await store.write([first])).toEqual(["written"]);
    const [result] = await Promise.all([store.write([putOf("bob", first.next)]), store.erase("bob")]);
    expect([["written"], ["conflict"]]).toContainEqual(result);
    expect([await store.read(["bob"]), await store.history("bob", { limit: 5 })]).toEqual([[undefined], []]);
  }
});

it("needs no more than the rights that the README names", async () => {
  await server.sql(`CREATE ROLE app LOGIN;
    GRANT SELECT, INSERT, UPDATE, DELETE ON usermeta_records, usermeta_changes TO app; GRANT SELECT ON usermeta_schema TO app`);
  const store = postgresStore(server.url.replace("postgres@", "app@"), { namespace: "rights", indexes });
  const put = putOf("bob");
  expect(await store.write([put])).toEqual(["written"]);
  expect(await store.write([putOf("bob", put.next)])).toEqual(["written"]);
  expect(
    await store.list({ where: [{ scope: "public", path: ["plan"], op: "in", values: ["pro"] }], limit: 5 }),
  ).toHaveLength(1);
  const stop = store.watch?.(() => {});
  await store.erase("bob");
  stop?.();
  expect(await store.migrate({ dryRun: true })).toEqual([]);
  await store.close();
});

it.each<[string, PostgresOptions, RegExp]>([
  ["an index without a scope", { indexes: ["plan"] }, /each of indexes must be scope\.key/],
  ["an index of a whole scope", { indexes: ["public"] }, /each of indexes must be scope\.key/],
  ["an index with an empty key", { indexes: ["public..a"] }, /each of indexes must be scope\.key/],
  ["an index that is no text", { indexes: ["public.\0"] }, /each of indexes must be well-formed/],
  ["a namespace that is no text", { namespace: "\ud800" }, /namespace must be/],
  ["a namespace with NUL", { namespace: "\0" }, /namespace must be/],
  ["a namespace that is too long", { namespace: "é".repeat(128) }, /namespace must be/],
  ["no timeout", { timeout: 0 }, /timeout must be/],
  ["a direct URL of something else", { direct: "mysql://localhost" }, /needs a URL like/],
])("refuses %s", (_, options, message) => {
  expect(() => postgresStore(server.url, options)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  expect(() => postgresStore(server.url, options)).toThrow(message);
});

it.each<[string, unknown]>([
  ["another database's URL", "mysql://localhost/app"],
  ["a broken URL", "postgres://app@[localhost/app"],
  ["nothing", undefined],
  ["what is no pool", {}],
])("refuses %s", (_, database) => {
  expect(() => postgresStore(database as PostgresPool)).toThrow(expect.objectContaining({ code: "invalid_config" }));
});
