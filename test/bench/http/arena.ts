import type { Settings } from "../settings.ts";
import { type Child, start } from "./child.ts";
import type { Load, Loaded } from "./load.ts";
import type { Question } from "./server.ts";
import type { Contenders, Setup } from "./setup.ts";

/** What a contender came to in one round. */
export interface Sample {
  /** CPU time of the server's process, all its threads, in microseconds for one request. */
  readonly cpu: number;
  readonly perSecond: number;
}

/** What is sent to each contender. */
export interface Traffic {
  readonly method: "GET" | "PATCH";
  readonly path?: string | undefined;
  readonly tokens: readonly string[];
  readonly body?: string | undefined;
  /** Requests in one round, where wrk does not count by time. */
  readonly amount: number;
}

/** What came of a module's contenders. */
export interface Outcome {
  /** For each kind of traffic the samples of each contender, in the order of rounds. */
  readonly samples: readonly ReadonlyMap<string, readonly Sample[]>[];
  /** Of contenders that did not take the first token the reason why not. */
  readonly absent: ReadonlyMap<string, string>;
}

/**
 * Lets a module's contenders run against each kind of traffic, in several generations of fresh processes: what V8 has
 * optimised, and when, is luck of a process, and worth a tenth.
 */
export async function contest(
  module: string,
  setup: Setup,
  kinds: readonly Traffic[],
  { rounds, generations, isQuick }: Settings,
  report: (text: string) => void,
): Promise<Outcome> {
  const samples = kinds.map(() => new Map<string, Sample[]>());
  const absent = new Map<string, string>();
  const each = Math.ceil(rounds / generations);
  for (let generation = 0; generation < generations; generation++) {
    report("starting");
    const arena = await openArena(module, setup, kinds[0] as Traffic, isQuick);
    try {
      for (const [name, reason] of arena.absent) absent.set(name, reason);
      for (const [i, kind] of kinds.entries()) {
        const taken = await arena.compare(kind, each, (round) =>
          report(
            `${kind.method} with ${kind.tokens.length} tokens, ${round === 0 ? "warming up" : `round ${generation * each + round} of ${generations * each}`}`,
          ),
        );
        for (const [name, some] of taken) samples[i]?.set(name, [...(samples[i].get(name) ?? []), ...some]);
      }
    } finally {
      await arena.stop();
    }
  }
  return { samples, absent };
}

/** Servers that run, each in a process of its own. */
interface Arena {
  /** Of those that did not take the first token the reason why not. */
  readonly absent: ReadonlyMap<string, string>;
  /** Lets them run in turns, every other round backwards; a round before those that count only warms up. */
  compare(traffic: Traffic, rounds: number, onRound: (round: number) => void): Promise<ReadonlyMap<string, Sample[]>>;
  stop(): Promise<void>;
}

interface Server {
  readonly name: string;
  readonly child: Child;
  /** There is none where calls are answered in the process itself. */
  readonly port: number | undefined;
}

/** Starts a module's contenders, and checks that each takes the token and, but for `bare`, refuses a broken one. */
async function openArena(module: string, setup: Setup, probe: Traffic, isQuick: boolean): Promise<Arena> {
  const { contenders } = (await import(`../${module}.ts`)) as { contenders: Contenders };
  const load = await start("load.ts", "load");
  const absent = new Map<string, string>();
  const servers: Server[] = [];
  const children: Child[] = [load];
  const send = (server: Server, traffic: Omit<Traffic, "amount">): Promise<{ statuses: Record<string, number> }> =>
    load.ask({ load: { ...traffic, port: server.port, amount: 0, first: 0 }, isWarmUp: true });

  for (const name of Object.keys(contenders)) {
    const child = await start("server.ts", "server");
    children.push(child);
    const { port } = await child.ask<{ port?: number }>({ start: { module, name, setup } } satisfies Question);
    const server = { name, child, port };
    const problem = port === undefined ? undefined : await examine(server);
    if (problem === undefined) servers.push(server);
    else absent.set(name, problem);
  }

  async function examine(server: Server): Promise<string | undefined> {
    const [token = ""] = probe.tokens;
    const good = await send(server, { ...probe, tokens: [token] });
    if (good.statuses["200"] !== 1) return `answers a good token by ${Object.keys(good.statuses).join()}`;
    if (server.name.startsWith("bare")) return undefined;
    const bad = await send(server, { ...probe, tokens: [`${token.slice(0, -8)}AAAAAAAA`] });
    return bad.statuses["401"] === 1 ? undefined : `answers a broken token by ${Object.keys(bad.statuses).join()}`;
  }

  /** Every token once, so that whoever remembers them does. */
  async function meet(server: Server, traffic: Traffic): Promise<void> {
    const { tokens } = traffic;
    if (server.port === undefined) return void (await call(server, tokens, tokens.length, 0));
    const { statuses } = await send(server, traffic);
    if (statuses["200"] !== tokens.length) throw new Error(`${server.name} answered ${JSON.stringify(statuses)}`);
  }

  const call = (server: Server, tokens: readonly string[], amount: number, first: number): Promise<object> =>
    server.child.ask({ call: { tokens, amount, first } } satisfies Question);

  async function take(server: Server, traffic: Traffic): Promise<Sample> {
    const first = Math.floor(Math.random() * traffic.tokens.length);
    const before = await server.child.ask<{ cpu: number }>({ cpu: true } satisfies Question);
    const started = performance.now();
    const { requests, seconds } =
      server.port === undefined
        ? await call(server, traffic.tokens, traffic.amount, first).then(() => ({
            requests: traffic.amount,
            seconds: (performance.now() - started) / 1000,
          }))
        : await load.ask<Loaded>({
            load: { ...traffic, port: server.port, first } satisfies Load,
            ...(isQuick && { isQuick }),
          });
    const after = await server.child.ask<{ cpu: number }>({ cpu: true } satisfies Question);
    return { cpu: (after.cpu - before.cpu) / requests, perSecond: requests / seconds };
  }

  return {
    absent,
    compare: async (traffic, rounds, onRound) => {
      const samples = new Map<string, Sample[]>(servers.map(({ name }) => [name, []]));
      onRound(0);
      for (const server of servers) {
        await meet(server, traffic);
        await take(server, traffic);
      }
      for (let round = 1; round <= rounds; round++) {
        onRound(round);
        for (const server of round % 2 === 0 ? servers : servers.toReversed())
          samples.get(server.name)?.push(await take(server, traffic));
      }
      return samples;
    },
    stop: async () => void (await Promise.all(children.map((child) => child.stop()))),
  };
}
