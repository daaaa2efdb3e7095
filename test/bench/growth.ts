import { totalmem } from "node:os";
import { join } from "node:path";
import { createUserMeta, type MetadataStore, type UserMeta, type Where } from "@usermeta/core";
import { postgresStore } from "@usermeta/postgres";
import { sqliteStore } from "@usermeta/sqlite";
import pg from "pg";
import { postgres } from "../servers.ts";
import { latencies, type Operation } from "./measurement.ts";
import type { Part } from "./part.ts";
import { quantile, round, spread } from "./statistics.ts";
import { noVerifier } from "./stores/database.ts";
import { populate } from "./stores/population.ts";
import { makeFolder, openDatabase, removeFolder } from "./stores/sqlite.ts";
import { table } from "./table.ts";
import { shuffled, userIdOf } from "./users.ts";

const fewUsers = 1_000;
const indexes = ["public.plan", "public.credits"];

/** Searches, and the share of users that they find. */
const searches: readonly (readonly [where: Where, share: string])[] = [
  [{ "public.plan": "enterprise" }, "0.1 %"],
  [{ "public.plan": "pro" }, "10 %"],
  [{ "public.plan": "free" }, "90 %"],
  [{ "public.credits": { gte: 99 } }, "1 %"],
  [{ "public.credits": { gte: 98, lt: 99 } }, "1 %"],
  [{ "public.credits": { gte: 98 } }, "2 %"],
  [{ "public.credits": { gte: 50 } }, "50 %"],
  [{ "public.plan": "free", "public.credits": { gte: 99 } }, "1 %"],
];

/** A database in which stores of different sizes are made. */
interface Growing {
  readonly name: string;
  /** A store with so many users, each with a record of about 300 bytes that was written once. */
  open(users: number): Promise<MetadataStore>;
  stop(): Promise<void>;
}

/** A store of one size, and what was measured of it. */
interface Size {
  readonly users: number;
  readonly meta: UserMeta;
  /** Seconds that it took to fill. */
  readonly filling: number;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Median latencies of each operation, one for each round. */
  readonly medians: Readonly<Record<string, number[]>>;
}

const legend = `Median latency of calls one after another, in microseconds: medians of alternating rounds, with the lowest and
the highest. Records of 300 bytes, each written once before; users in random order.`;

/** Latencies with a thousand users and with a million, and the first page of indexed searches. */
export const growth: Part = async function* (settings, report) {
  yield `## Growth\n\n${legend}`;
  for (const [name, start] of [["SQLite", sqlite] as const, ["PostgreSQL", postgresql] as const]) {
    if (!name.toLowerCase().includes(settings.only)) continue;
    const database = await start();
    if (typeof database === "string") {
      yield `### ${name}\n\nnot measured: ${database}`;
      continue;
    }
    const sizes: Size[] = [];
    try {
      for (const users of [fewUsers, settings.manyUsers]) {
        report(`${name}: ${users.toLocaleString("en")} users`);
        sizes.push(await fill(database, users));
      }
      for (let n = 0; n <= settings.rounds; n++) {
        report(`${name}: ${n === 0 ? "warming up" : `round ${n} of ${settings.rounds}`}`);
        for (const size of n % 2 === 0 ? sizes : sizes.toReversed()) await look(size, settings.slice, n > 0);
      }
      yield `### ${database.name}\n\n${toTable(sizes)}`;
      report(`${name}: searching`);
      yield await toPages(sizes);
    } finally {
      for (const { meta } of sizes) await meta.close();
      await database.stop();
    }
  }
};

async function fill(database: Growing, users: number): Promise<Size> {
  const started = performance.now();
  const meta = createUserMeta({ store: await database.open(users), verifier: noVerifier });
  const next = shuffled(users);
  let seen = 0;
  return {
    users,
    meta,
    filling: (performance.now() - started) / 1000,
    operations: {
      "records.read": async () => (await meta.records.read(userIdOf(next()))).version,
      get: async () => (await meta.get(userIdOf(next()))).version,
      update: async () => (await meta.update(userIdOf(next()), { unsafe: { seen: ++seen } })).version,
    },
    medians: { "records.read": [], get: [], update: [] },
  };
}

async function look({ operations, medians }: Size, slice: number, counts: boolean): Promise<void> {
  for (const [name, run] of Object.entries(operations)) {
    const median = quantile(await latencies(run, slice), 0.5) * 1000;
    if (counts) medians[name]?.push(median);
  }
}

function toTable([small, large]: readonly Size[]): string {
  if (small === undefined || large === undefined) return "";
  const goals: Readonly<Record<string, number>> = { "records.read": 2.5, get: 2.5, update: 1.5 };
  const rows = Object.entries(goals).map(([name, goal]) => {
    const [few = [], many = []] = [small.medians[name], large.medians[name]];
    const ratios = many.map((median, i) => median / (few[i] ?? Number.NaN));
    return [`\`${name}\``, spread(few), spread(many), spread(ratios), `≤ ${goal}`];
  });
  const filled = ["filling, seconds", round(small.filling), round(large.filling), "", ""];
  return table(["", titleOf(small), titleOf(large), "ratio", "goal"], [...rows, filled]);
}

const titleOf = ({ users }: Size): string => `${users.toLocaleString("en")} users`;

/** The first page of every search, a hundred records: the median and the slowest of ten. */
async function toPages(sizes: readonly Size[]): Promise<string> {
  const rows: string[][] = [];
  for (const [where, share] of searches) {
    const cells: string[] = [];
    for (const { meta } of sizes) {
      const times: number[] = [];
      for (let i = 0; i < 10; i++) {
        const started = performance.now();
        const { items } = await meta.records.list({ where, limit: 100 });
        times.push(performance.now() - started);
        if (items.length === 0) throw new Error("a search found nothing");
      }
      cells.push(`${round(quantile(times, 0.5))}, at most ${round(Math.max(...times))}`);
    }
    rows.push([`\`${JSON.stringify(where)}\``, share, ...cells, "< 50"]);
  }
  const text = "First page of `list`, a hundred records, in milliseconds: median, and slowest, of ten.";
  return `${text}\n\n${table(["where", "finds", ...sizes.map(titleOf), "goal"], rows)}`;
}

async function sqlite(): Promise<Growing> {
  const folder = makeFolder();
  return {
    name: "SQLite by better-sqlite3, synchronous = FULL",
    open: async (users) => {
      const file = join(folder, `${users}.db`);
      await sqliteStore(file, { driver: "better-sqlite3" }).close();
      const database = openDatabase(file, "better-sqlite3", "normal");
      const statements = populate({
        numbers: `(WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${users - 1}) SELECT i FROM n) AS n`,
        userId: "printf('user_%08x', (i * 2654435761) & 4294967295)",
        changeId: "hex(randomblob(11))",
      });
      for (const statement of statements) database.exec(statement);
      database.close();
      return sqliteStore(file, { driver: "better-sqlite3", indexes });
    },
    stop: async () => removeFolder(folder),
  };
}

async function postgresql(): Promise<Growing | string> {
  // A quarter of the memory is what PostgreSQL's manual advises; the tests' 32 MB would measure the reading of pages.
  const megabytes = Math.min(Math.floor(totalmem() / 4 / 2 ** 20), 4096);
  const server = await postgres("-c", `shared_buffers=${megabytes}MB`);
  if (server === undefined) return "no PostgreSQL for this platform";
  const query = async (connectionString: string, ...statements: readonly string[]): Promise<void> => {
    const client = new pg.Client({ connectionString });
    client.on("error", () => {});
    await client.connect();
    try {
      for (const statement of statements) await client.query(statement);
    } finally {
      await client.end();
    }
  };
  return {
    name: "PostgreSQL by pg",
    open: async (users) => {
      const name = `usermeta_${users}`;
      const url = server.url.replace(/\/postgres$/, `/${name}`);
      await query(server.url, `CREATE DATABASE ${name}`);
      const bare = postgresStore(url);
      await bare.migrate();
      await bare.close();
      const statements = populate({
        numbers: `generate_series(0::bigint, ${users - 1}) AS n (i)`,
        userId: "'user_' || lpad(to_hex((i * 2654435761) & 4294967295), 8, '0')",
        changeId: "left(md5(user_id), 22)",
      });
      await query(url, ...statements, "VACUUM ANALYZE", "CHECKPOINT");
      const store = postgresStore(url, { indexes });
      await store.migrate();
      return store;
    },
    stop: () => server.stop(),
  };
}
