import { createUserMeta } from "@usermeta/core";
import { type Contender, measure, type Sample } from "./measurement.ts";
import type { Part, Report } from "./part.ts";
import type { Settings } from "./settings.ts";
import { quantile, round, spread } from "./statistics.ts";
import { type Database, noVerifier, type Rival, type RunningDatabase } from "./stores/database.ts";
import { dynamodb } from "./stores/dynamodb.ts";
import { mariadb } from "./stores/mariadb.ts";
import { memory } from "./stores/memory.ts";
import { postgresDatabases } from "./stores/postgres.ts";
import { redis } from "./stores/redis.ts";
import { sqlites } from "./stores/sqlite.ts";
import { table } from "./table.ts";
import { documentsOf, shuffled, userIdOf } from "./users.ts";

const databases: readonly Database[] = [memory, ...sqlites, ...postgresDatabases, mariadb, redis, dynamodb];
const clientCounts = [1, 16, 64] as const;

const legend = `Operations per second, \`µs\` of this process's CPU for one of them, and the ratio to the plain statement at as
many clients in the same round: medians of alternating rounds, with the lowest and the highest. Records of 1 KB, distinct
users in random order; \`update\` checks the version and keeps a change log. A blocking driver has no clients: its one figure
stands for all.`;

/** Reads and updates of a 1 KB record on every store, beside the plain driver and beside SuperTokens' way. */
export const stores: Part = async function* (settings, report) {
  yield `## Stores\n\n${legend}`;
  const outcomes: Outcome[] = [];
  for (const database of databases.filter(({ name }) => name.toLowerCase().includes(settings.only))) {
    report(`${database.name}: starting`);
    const running = await database.start();
    if (typeof running === "string") {
      yield `### ${database.name}\n\nnot measured: ${running}`;
      continue;
    }
    try {
      const outcome = await compare(database, running, settings, report);
      outcomes.push(outcome);
      yield `### ${running.label}\n\n${toTable(outcome)}`;
    } catch (error) {
      // A machine that is busy enough makes any store miss its deadline; the others are measured all the same.
      process.exitCode = 1;
      yield `### ${running.label}\n\nnot measured: ${String(error)}`;
    } finally {
      await running.stop();
    }
  }
  const rows = goals(outcomes);
  if (rows.length > 0) yield `### Goals\n\n${table(["", "goal", "measured", "met", "CPU of this process"], rows)}`;
};

/** What a contender is to the others. */
type Role = "plain read" | "read" | "get" | "plain write" | "merge" | "update";

interface Outcome {
  readonly database: Database;
  readonly rival: Rival | undefined;
  /** The samples of a role at a number of clients. */
  readonly samples: (role: Role, clients: number) => readonly Sample[] | undefined;
}

async function compare(
  database: Database,
  { store, rival }: RunningDatabase,
  settings: Settings,
  report: Report,
): Promise<Outcome> {
  const meta = createUserMeta({ store, verifier: noVerifier });
  const users = Math.min(settings.users, database.users ?? settings.users);
  const numbers = Array.from({ length: users }, (_, i) => i);
  report(`${database.name}: ${users} users`);
  for (const some of portions(numbers, 64))
    await Promise.all(some.map((i) => meta.update(userIdOf(i), documentsOf(i))));
  await rival?.fill(numbers.map((i) => [userIdOf(i), JSON.stringify(documentsOf(i))]));

  const next = shuffled(users);
  let seen = 0;
  let updates = 0;
  const changes = (): { theme: string; seen: number } => ({ theme: "light", seen: ++seen });
  const [before = "", after = ""] = JSON.stringify(documentsOf(0)).split('"seen":0');
  const operations: Readonly<Record<Role, (() => number | Promise<number>) | undefined>> = {
    "plain read":
      rival &&
      (rival.isBlocking
        ? () => (rival.read(userIdOf(next())) as string).length
        : async () => (await rival.read(userIdOf(next()))).length),
    read: async () => (await meta.records.read(userIdOf(next()))).unsafe.json.length,
    get: async () => (await meta.get(userIdOf(next()))).version,
    "plain write": rival && promised(rival, () => rival.write(userIdOf(next()), `${before}"seen":${++seen}${after}`)),
    merge: rival?.merge && promised(rival, () => rival.merge?.(userIdOf(next()), changes())),
    update: async () => {
      const { version } = await meta.update(userIdOf(next()), { unsafe: changes() });
      updates++;
      return version;
    },
  };
  const blocking = (role: Role): boolean =>
    rival?.isBlocking === true && (role.startsWith("plain") || role === "merge");
  const contenders = new Map<string, Contender>();
  for (const clients of clientCounts)
    for (const [role, run] of Object.entries(operations) as [Role, (typeof operations)[Role]][])
      if (run !== undefined && !(blocking(role) && clients > 1))
        contenders.set(`${role} ${clients}`, { name: role, run, clients, isBlocking: blocking(role) });

  const samples = await measure([...contenders.values()], settings, (n) =>
    report(`${database.name}: ${n === 0 ? "warming up" : `round ${n} of ${settings.rounds}`}`),
  );
  let versions = 0;
  for (const some of portions(numbers, 64))
    for (const { version } of await meta.getMany(some.map(userIdOf))) versions += version;
  if (versions !== users + updates)
    throw new Error(`${database.name}: ${users + updates - versions} updates are missing`);
  return {
    database,
    rival,
    samples: (role, clients) => {
      const contender = contenders.get(`${role} ${blocking(role) ? 1 : clients}`);
      return contender && samples.get(contender);
    },
  };
}

function portions<T>(all: readonly T[], size: number): readonly T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

/** The rival's call, as an operation. */
function promised({ isBlocking }: Rival, call: () => unknown): () => number | Promise<number> {
  if (isBlocking)
    return () => {
      call();
      return 1;
    };
  return async () => {
    await call();
    return 1;
  };
}

function toTable(outcome: Outcome): string {
  const { rival } = outcome;
  const names: readonly (readonly [Role, string, Role?])[] = [
    ["plain read", rival?.reading ?? ""],
    ["read", "`records.read` (text)", "plain read"],
    ["get", "`get` (parsed)", "plain read"],
    ["plain write", rival?.writing ?? ""],
    ["merge", "SuperTokens' way", "plain write"],
    ["update", "`update`", "plain write"],
  ];
  const rows = names.flatMap(([role, name, base]) => {
    if (outcome.samples(role, 1) === undefined) return [];
    return [[name, ...clientCounts.map((clients) => toCell(outcome, role, clients, base))]];
  });
  return table(["", ...clientCounts.map((count) => `${count} ${count === 1 ? "client" : "clients"}`)], rows);
}

function toCell(outcome: Outcome, role: Role, clients: number, base: Role | undefined): string {
  const samples = outcome.samples(role, clients) ?? [];
  const speed = spread(samples.map(({ perSecond }) => perSecond));
  const cpu = round(
    quantile(
      samples.map((sample) => sample.cpu),
      0.5,
    ),
  );
  const ratios = base && ratiosOf(outcome, [role, clients], [base, clients]);
  return `${speed}, ${cpu} µs${ratios ? `, **${spread(ratios)}**` : ""}`;
}

/** How many times as fast one was as the other, in each round; or how many times less CPU it took. */
function ratiosOf(
  { samples }: Outcome,
  [a, clientsOfA]: readonly [Role, number],
  [b, clientsOfB]: readonly [Role, number],
  speed: (sample: Sample) => number = ({ perSecond }) => perSecond,
): readonly number[] | undefined {
  const others = samples(b, clientsOfB)?.map(speed);
  return others && samples(a, clientsOfA)?.map((sample, i) => speed(sample) / (others[i] ?? Number.NaN));
}

type Goal = readonly [
  database: string,
  text: string,
  goal: number,
  a: readonly [Role, number],
  b: readonly [Role, number],
];
const wanted: readonly Goal[] = [
  ["SQLite", "get of JSON text, 16 clients / plain prepared statement", 0.75, ["read", 16], ["plain read", 16]],
  ["SQLite", "get of JSON text, 16 clients / one by one", 1.5, ["read", 16], ["read", 1]],
  ["FULL", "updates, 64 clients / plain statements, one commit each", 5, ["update", 64], ["plain write", 64]],
  ["FULL", "updates, 64 clients / one by one, one commit each", 5, ["update", 64], ["update", 1]],
  [
    "PostgreSQL",
    "get of JSON text, 64 clients / pool with a prepared statement",
    2.5,
    ["read", 64],
    ["plain read", 64],
  ],
  ["PostgreSQL", "get of JSON text, 1 client / pool with a prepared statement", 0.9, ["read", 1], ["plain read", 1]],
  ["PostgreSQL", "updates, 64 clients / SuperTokens' way", 2, ["update", 64], ["merge", 64]],
];

function goals(outcomes: readonly Outcome[]): readonly (readonly string[])[] {
  return outcomes.flatMap((outcome) =>
    wanted
      .filter(([name]) => outcome.database.name.includes(name))
      .map(([, text, goal, a, b]) => {
        const ratios = ratiosOf(outcome, a, b) ?? [];
        const isMet = quantile(ratios, 0.5) >= goal;
        const inCpu = ratiosOf(outcome, a, b, ({ cpu }) => 1 / cpu) ?? [];
        return [`${outcome.database.name}: ${text}`, `≥ ${goal}`, spread(ratios), isMet ? "yes" : "no", spread(inCpu)];
      }),
  );
}
