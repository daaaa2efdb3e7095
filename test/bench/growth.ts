import { totalmem } from "node:os";
import { join } from "node:path";
import { createUserMeta, type MetadataStore, type UserMeta, type Where } from "@usermeta/core";
import { postgresStore } from "@usermeta/postgres";
import { sqliteStore } from "@usermeta/sqlite";
import pg from "pg";
import { postgres } from "../servers.ts";
import { latencies, type Operation } from "./measurement.ts";
import type { Part } from "./part.ts";
import type { Settings } from "./settings.ts";
import { quantile, round, spread } from "./statistics.ts";
import { noVerifier } from "./stores/database.ts";
import { populate } from "./stores/population.ts";
import { makeFolder, openDatabase, removeFolder } from "./stores/sqlite.ts";
import { table } from "./table.ts";
import { documentsOf, shuffled, userIdOf } from "./users.ts";

const fewUsers = 1_000;
/** Bytes of a record. */
const recordSizes = [100, 1_000, 10_000, 100_000] as const;
const usersOfSize = 100;
const limits = { characters: { unsafe: 200_000 }, bodyBytes: 1_000_000 };
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

/** Users whose number or whose records are of one size, and what was measured with them. */
interface Size {
  readonly title: string;
  readonly meta: UserMeta;
  /** Seconds that it took to fill. */
  readonly filling: number;
  readonly operations: Readonly<Record<string, Operation>>;
  /** Median latencies of each operation, one for each round. */
  readonly medians: Readonly<Record<string, number[]>>;
}

const legend = `Median latency of calls one after another, in microseconds: medians of alternating rounds, with the lowest and
the highest. Records of 300 bytes, each written once before; users in random order.`;

/** Latencies with a thousand users and with a million, the first page of indexed searches, and latencies of larger records. */
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
      await compare(sizes, settings, (round) => report(`${name}: ${round}`));
      yield `### ${database.name}\n\n${toTable(sizes)}`;
      report(`${name}: searching`);
      yield await toPages(sizes);
      const [{ meta }] = sizes as [Size, ...Size[]];
      const ofRecords: Size[] = [];
      for (const bytes of recordSizes) ofRecords.push(await enlarge(meta, bytes));
      await compare(ofRecords, settings, (round) => report(`${name}, records of other sizes: ${round}`));
      yield toRecordTable(ofRecords);
    } finally {
      for (const { meta } of sizes) await meta.close();
      await database.stop();
    }
  }
};

async function fill(database: Growing, users: number): Promise<Size> {
  const started = performance.now();
  const meta = createUserMeta({ store: await database.open(users), verifier: noVerifier, limits });
  const next = shuffled(users);
  const filling = (performance.now() - started) / 1000;
  return { title: `${users.toLocaleString("en")} users`, meta, filling, ...operationsOn(meta, () => userIdOf(next())) };
}

/** Users with records of that size, among the others. */
async function enlarge(meta: UserMeta, bytes: number): Promise<Size> {
  const started = performance.now();
  const userId = (i: number): string => `size_${bytes}_${i}`;
  for (let i = 0; i < usersOfSize; i++) await meta.update(userId(i), documentsOf(i, bytes), { merge: "replace" });
  const next = shuffled(usersOfSize);
  const filling = (performance.now() - started) / 1000;
  return { title: `${bytes.toLocaleString("en")} bytes`, meta, filling, ...operationsOn(meta, () => userId(next())) };
}

function operationsOn(meta: UserMeta, next: () => string): Pick<Size, "operations" | "medians"> {
  let seen = 0;
  return {
    operations: {
      "records.read": async () => (await meta.records.read(next())).version,
      get: async () => (await meta.get(next())).version,
      update: async () => (await meta.update(next(), { unsafe: { seen: ++seen } })).version,
    },
    medians: { "records.read": [], get: [], update: [] },
  };
}

async function compare(
  sizes: readonly Size[],
  { rounds, slice }: Settings,
  onRound: (round: string) => void,
): Promise<void> {
  for (let n = 0; n <= rounds; n++) {
    onRound(n === 0 ? "warming up" : `round ${n} of ${rounds}`);
    for (const size of n % 2 === 0 ? sizes : sizes.toReversed()) await look(size, slice, n > 0);
  }
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
  return table(["", small.title, large.title, "ratio", "goal"], [...rows, filled]);
}

function toRecordTable(sizes: readonly Size[]): string {
  const rows = ["records.read", "get", "update"].map((name) => [
    `\`${name}\``,
    ...sizes.map(({ medians }) => spread(medians[name] ?? [])),
  ]);
  const text = `Records of other sizes, ${usersOfSize} users each, in the store of ${fewUsers.toLocaleString("en")} users.`;
  return `${text}\n\n${table(["", ...sizes.map(({ title }) => title)], rows)}`;
}

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
  return `${text}\n\n${table(["where", "finds", ...sizes.map(({ title }) => title), "goal"], rows)}`;
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
