import { contest, type Sample } from "./http/arena.ts";
import { isPinned } from "./http/child.ts";
import { type Issuer, startIssuer } from "./http/issuer.ts";
import type { Algorithm } from "./http/setup.ts";
import type { Part, Report } from "./part.ts";
import type { Settings } from "./settings.ts";
import { quantile, round, spread } from "./statistics.ts";
import { table } from "./table.ts";

const frameworks: readonly (readonly [name: string, module: string])[] = [
  ["Express 5", "express"],
  ["Fastify 5", "fastify"],
  ["Koa 3", "koa"],
  ["hapi 21", "hapi"],
  ["Hono 4 on Node", "hono"],
  ["Nest 12 on Express", "nestjs-express"],
  ["Nest 12 on Fastify", "nestjs-fastify"],
  ["Next.js 16 route handler, in process", "nextjs"],
  ["Lambda handler, in process", "lambda"],
];

const legend = `A route that answers \`{"hello":"world"}\`, bare and behind guards that verify a signed token of 1 KB: microseconds
of the server process's CPU that the guard adds to a request, in bold the route's CPU without it / with it, and requests per
second, with one token that comes again and again and with many different ones. Medians of alternating rounds with the lowest
and the highest.`;

/** What guards cost on every framework, beside those that people use today. */
export const guards: Part = async function* (settings, report) {
  yield `## Guards\n\n${legend}${isPinned ? "" : " Server and load share cores: `taskset` is not there."}`;
  const issuer = await startIssuer();
  const algorithms: readonly Algorithm[] = settings.isQuick ? ["RS256"] : ["RS256", "ES256"];
  const goals: string[][] = [];
  try {
    for (const algorithm of algorithms) {
      report(`${settings.tokens} tokens by ${algorithm}`);
      const tokens = Array.from({ length: settings.tokens }, (_, i) => issuer.mint(algorithm, i));
      for (const [name, module] of frameworks) {
        if (!name.toLowerCase().includes(settings.only)) continue;
        const outcome = await compare(`guards/${module}`, algorithm, tokens, issuer, settings, (text) =>
          report(`${name}, ${algorithm}: ${text}`),
        );
        yield `### ${name}, ${algorithm}\n\n${toTable(outcome, tokens.length)}`;
        goals.push(...toGoals(`${name}, ${algorithm}`, outcome, module));
      }
    }
  } finally {
    await issuer.close();
  }
  yield `### Goals\n\n${table(["", "goal", "measured", "met"], goals)}`;
};

/** Samples by contender, with one token and with many. */
interface Outcome {
  readonly hot: Samples;
  readonly many: Samples;
  readonly absent: ReadonlyMap<string, string>;
}

async function compare(
  module: string,
  algorithm: Algorithm,
  tokens: readonly string[],
  issuer: Issuer,
  settings: Settings,
  report: Report,
): Promise<Outcome> {
  const setup = { ...issuer.setup(algorithm), users: tokens.length };
  const kinds = [tokens.slice(0, 1), tokens].map((some) => ({
    method: "GET" as const,
    tokens: some,
    amount: settings.requests,
  }));
  const { samples, absent } = await contest(module, setup, kinds, settings, report);
  const [hot, many] = samples as [Samples, Samples];
  return { hot, many, absent };
}

type Samples = ReadonlyMap<string, readonly Sample[]>;

/** Something of each round's pair of the bare route and the guarded one. */
function pairs(samples: Samples, name: string, of: (bare: number, guarded: number) => number): readonly number[] {
  const bare = samples.get("bare") ?? [];
  return (samples.get(name) ?? []).map(({ cpu }, i) => of(bare[i]?.cpu ?? Number.NaN, cpu));
}
const added = (samples: Samples, name: string): readonly number[] => pairs(samples, name, (bare, cpu) => cpu - bare);
const ratio = (samples: Samples, name: string): readonly number[] => pairs(samples, name, (bare, cpu) => bare / cpu);

function toTable({ hot, many, absent }: Outcome, tokens: number): string {
  const cells = (samples: Samples, name: string): readonly string[] => {
    const perSecond = round(
      quantile(
        (samples.get(name) ?? []).map((sample) => sample.perSecond),
        0.5,
      ),
    );
    if (name === "bare") return [`${spread((samples.get(name) ?? []).map(({ cpu }) => cpu))} in all`, perSecond];
    return [`${spread(added(samples, name))}, **${spread(ratio(samples, name))}**`, perSecond];
  };
  const rows = [...hot.keys()].map((name) => [name, ...cells(hot, name), ...cells(many, name)]);
  const missing = [...absent].map(([name, reason]) => [name, reason, "", "", ""]);
  const many_ = `${tokens.toLocaleString("en")} tokens: µs added`;
  return table(["", "1 token: µs added", "per s", many_, "per s"], [...rows, ...missing]);
}

function toGoals(name: string, { hot, many }: Outcome, module: string): string[][] {
  const row = (text: string, values: readonly number[], goal: number, isLeast: boolean): string[] => {
    const median = quantile(values, 0.5);
    const isMet = isLeast ? median >= goal : median <= goal;
    return [`${name}: ${text}`, `${isLeast ? "≥" : "≤"} ${goal}`, spread(values), isMet ? "yes" : "no"];
  };
  const ratios = [
    row("bare / guarded, 1 token", ratio(hot, "usermeta"), 0.93, true),
    row("bare / guarded, many tokens", ratio(many, "usermeta"), 0.88, true),
  ];
  const microseconds = row("µs added, many tokens", added(many, "usermeta"), 2.5, false);
  return module === "lambda" || module === "nextjs" ? [microseconds] : [...ratios, microseconds]; // a bare handler does next to nothing
}
