/** How long and how much the benchmark measures. */
export interface Settings {
  /** A run of under a minute, whose figures say little. */
  readonly isQuick: boolean;
  /** Rounds that count; one more comes before them to warm up. */
  readonly rounds: number;
  /** How often servers are started anew, so that the rounds do not all belong to one process of each. */
  readonly generations: number;
  /** Milliseconds for which each contender runs in each round. */
  readonly slice: number;
  /** Users in a store. */
  readonly users: number;
  /** Users in the large database of the part `growth`; the small one has 1,000. */
  readonly manyUsers: number;
  /** Different tokens, each of another user. */
  readonly tokens: number;
  /** Requests to each server in each round. */
  readonly requests: number;
  /** Only what has this in its name, whatever the case: `BENCH_ONLY=postgres`. */
  readonly only: string;
}

/** Reads `BENCH_QUICK` and `BENCH_ONLY`. */
export function settingsFrom({ BENCH_QUICK, BENCH_ONLY = "" }: NodeJS.ProcessEnv): Settings {
  const isQuick = BENCH_QUICK === "1";
  const only = BENCH_ONLY.toLowerCase();
  return isQuick
    ? { isQuick, only, rounds: 1, generations: 1, slice: 10, users: 300, manyUsers: 5_000, tokens: 64, requests: 64 }
    : {
        isQuick,
        only,
        rounds: 5,
        generations: 3,
        slice: 300,
        users: 10_000,
        manyUsers: 1_000_000,
        tokens: 10_000,
        requests: 10_000,
      };
}
