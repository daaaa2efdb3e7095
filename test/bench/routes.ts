import { postgres } from "../servers.ts";
import { contest, type Sample, type Traffic } from "./http/arena.ts";
import { startIssuer } from "./http/issuer.ts";
import type { Setup } from "./http/setup.ts";
import type { Part } from "./part.ts";
import { path } from "./routes/applications.ts";
import { quantile, round, spread } from "./statistics.ts";
import { table } from "./table.ts";
import { documentsOf } from "./users.ts";

const legend = `\`GET /me/metadata\` and \`PATCH\` with the guard, a token of its own for each user and records of 1 KB, beside
the framework's bare route that serialises the same object, or echoes the same body: microseconds of the server process's CPU,
in bold the bare route's / this one's, and requests per second. The answer known beforehand is the limit: no guard, no store.
64 connections, medians of alternating rounds with the lowest and the highest. A PATCH merges, checks the version, keeps a
change log and is durable when it is answered. Records of other sizes belong to 200 users.`;

const body = JSON.stringify({ unsafe: documentsOf(0).unsafe }).replace('"seen":0', '"seen":$N'); // each is another
const goals: Readonly<Record<string, number>> = {
  "Express 5, GET SQLite, FULL": 1.1,
  "Express 5, GET PostgreSQL": 1,
  "Express 5, GET SQLite with record cache": 0.97,
  "Fastify 5, GET SQLite, FULL": 0.9,
  "Fastify 5, GET PostgreSQL": 0.8,
  "Fastify 5, GET SQLite with record cache": 0.97,
  "Fastify 5, PATCH SQLite, FULL": 0.55,
  "Fastify 5, PATCH PostgreSQL": 0.55,
};

/** Bytes of a record beside the usual 1,000, and the least that the bare route must cost more. */
const sizes: readonly (readonly [bytes: number, goal?: number])[] = [[100], [10_000], [100_000, 4]];
const usersOfSizes = 200;

/** Whole routes beside the framework's bare ones. */
export const routes: Part = async function* (settings, report) {
  yield `## Routes\n\n${legend}`;
  const issuer = await startIssuer();
  const results: string[][] = [];
  const tokens = Array.from({ length: settings.users }, (_, i) => issuer.mint("ES256", i));
  const server = await postgres();

  /** What each of the contenders came to, for one kind of request after another. */
  async function compare(
    name: string,
    module: string,
    own: readonly string[],
    recordBytes: number,
    all: readonly Kind[],
  ): Promise<readonly Samples[]> {
    const database = server && { database: server.url };
    const setup: Setup = { ...issuer.setup("ES256"), users: own.length, recordBytes, ...database };
    const kinds = all.map((kind) => ({ ...kind, path, tokens: own, amount: settings.requests }));
    const { samples } = await contest(`routes/${module}`, setup, kinds, settings, (text) => report(`${name}: ${text}`));
    return samples;
  }

  function judge(key: string, values: readonly number[], goal: number | undefined): void {
    if (goal === undefined) return;
    results.push([key, `≥ ${goal}`, spread(values), quantile(values, 0.5) >= goal ? "yes" : "no"]);
  }

  try {
    for (const [name, module] of [["Express 5", "express"] as const, ["Fastify 5", "fastify"] as const]) {
      if (!name.toLowerCase().includes(settings.only)) continue;
      const kinds: readonly Kind[] = [{ method: "GET" }, { method: "PATCH", body }];
      for (const [i, samples] of (await compare(name, module, tokens, 1_000, kinds)).entries()) {
        const title = `${name}, ${kinds[i]?.method}`;
        yield `### ${title}\n\n${toTable(samples)}`;
        for (const row of samples.keys()) {
          const key = `${title} ${row}`;
          judge(key, ratios(samples, row), goals[key]);
        }
      }
    }
    for (const [bytes, goal] of settings.isQuick ? sizes.slice(-1) : sizes) {
      const title = `Fastify 5, GET of ${bytes.toLocaleString("en")} bytes`;
      if (!title.toLowerCase().includes(settings.only)) continue;
      for (const samples of await compare(title, "fastify", tokens.slice(0, usersOfSizes), bytes, [
        { method: "GET" },
      ])) {
        yield `### ${title}\n\n${toTable(samples)}`;
        for (const row of samples.keys())
          if (!row.startsWith("bare")) judge(`${title} ${row}`, ratios(samples, row), goal);
      }
    }
  } finally {
    await issuer.close();
    await server?.stop();
  }
  yield `### Goals\n\n${table(["bare / route, CPU", "goal", "measured", "met"], results)}`;
};

type Kind = Pick<Traffic, "method" | "body">;
type Samples = ReadonlyMap<string, readonly Sample[]>;

function ratios(samples: Samples, name: string): readonly number[] {
  const bare = samples.get("bare") ?? [];
  return (samples.get(name) ?? []).map(({ cpu }, i) => (bare[i]?.cpu ?? Number.NaN) / cpu);
}

function toTable(samples: Samples): string {
  const rows = [...samples].map(([name, taken]) => [
    name,
    spread(taken.map(({ cpu }) => cpu)),
    name === "bare" ? "" : `**${spread(ratios(samples, name))}**`,
    round(
      quantile(
        taken.map(({ perSecond }) => perSecond),
        0.5,
      ),
    ),
  ]);
  return table(["", "µs", "bare / this", "per s"], rows);
}
