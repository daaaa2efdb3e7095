import { postgres } from "../servers.ts";
import { openArena, type Sample, type Traffic } from "./http/arena.ts";
import { startIssuer } from "./http/issuer.ts";
import type { Part } from "./part.ts";
import { path } from "./routes/applications.ts";
import { quantile, round, spread } from "./statistics.ts";
import { table } from "./table.ts";
import { documentsOf } from "./users.ts";

const legend = `\`GET /me/metadata\` and \`PATCH\` with the guard, a token of its own for each user and records of 1 KB, beside
the framework's bare route that serialises the same object, or echoes the same body: microseconds of the server process's CPU,
in bold the bare route's / this one's, and requests per second. 64 connections, medians of alternating rounds with the lowest and
the highest. A PATCH merges, checks the version, keeps a change log and is durable when it is answered.`;

const body = JSON.stringify({ unsafe: documentsOf(0).unsafe }).replace('"seen":0', '"seen":$N'); // each is another
const goals: Readonly<Record<string, number>> = {
  "Express 5 GET SQLite, FULL": 1.1,
  "Express 5 GET PostgreSQL": 1,
  "Express 5 GET SQLite with record cache": 0.97,
  "Fastify 5 GET SQLite, FULL": 0.9,
  "Fastify 5 GET PostgreSQL": 0.8,
  "Fastify 5 GET SQLite with record cache": 0.97,
  "Fastify 5 PATCH SQLite, FULL": 0.55,
  "Fastify 5 PATCH PostgreSQL": 0.55,
};

/** Whole routes beside the framework's bare ones. */
export const routes: Part = async function* (settings, report) {
  yield `## Routes\n\n${legend}`;
  const issuer = await startIssuer();
  const results: string[][] = [];
  try {
    const tokens = Array.from({ length: settings.users }, (_, i) => issuer.mint("ES256", i));
    for (const [name, module] of [["Express 5", "express"] as const, ["Fastify 5", "fastify"] as const]) {
      if (!name.toLowerCase().includes(settings.only)) continue;
      report(`${name}: starting`);
      const server = await postgres();
      const setup = { ...issuer.setup("ES256"), users: settings.users, ...(server && { database: server.url }) };
      const probe = { method: "GET", path, tokens: tokens.slice(0, 1) } as const;
      const arena = await openArena(`routes/${module}`, setup, probe, settings.isQuick);
      try {
        const compare = (traffic: Pick<Traffic, "method" | "body">) =>
          arena.compare({ ...traffic, path, tokens, amount: settings.requests }, settings.rounds, (n) =>
            report(`${name}, ${traffic.method}: ${n === 0 ? "warming up" : `round ${n} of ${settings.rounds}`}`),
          );
        for (const traffic of [{ method: "GET" }, { method: "PATCH", body }] as const) {
          const samples = await compare(traffic);
          yield `### ${name}, ${traffic.method}\n\n${toTable(samples)}`;
          for (const row of samples.keys()) {
            const key = `${name} ${traffic.method} ${row}`;
            const [goal, values] = [goals[key], ratios(samples, row)];
            if (goal === undefined) continue;
            results.push([key, `≥ ${goal}`, spread(values), quantile(values, 0.5) >= goal ? "yes" : "no"]);
          }
        }
      } finally {
        await arena.stop();
        await server?.stop();
      }
    }
  } finally {
    await issuer.close();
  }
  yield `### Goals\n\n${table(["bare / route, CPU", "goal", "measured", "met"], results)}`;
};

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
