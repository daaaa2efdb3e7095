/** One operation of one contender. Resolves to something above 0 that depends on the result, so that the result is used. */
export type Operation = () => number | Promise<number>;

/** Something that is measured against others in the same rounds. */
export interface Contender {
  readonly name: string;
  readonly run: Operation;
  /** Callers at the same time, each waiting for its answer before it asks again. */
  readonly clients: number;
  /** Answers without a promise: it is called in a plain loop. */
  readonly isBlocking?: boolean;
}

/** What a contender came to in one round. */
export interface Sample {
  readonly perSecond: number;
  /** CPU time of this process, all its threads, in microseconds for one operation. */
  readonly cpu: number;
}

/**
 * Lets the contenders run in turns, each for a slice of each round, every other round backwards, so that whatever else the
 * machine does meets all of them. Returns the samples of each in the order of rounds; the first round only warms up.
 */
export async function measure(
  contenders: readonly Contender[],
  { rounds, slice }: { readonly rounds: number; readonly slice: number },
  onRound: (round: number) => void,
): Promise<ReadonlyMap<Contender, readonly Sample[]>> {
  const samples = new Map<Contender, Sample[]>(contenders.map((contender) => [contender, []]));
  for (let round = 0; round <= rounds; round++) {
    onRound(round);
    for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
      const sample = await take(contender, slice);
      if (round > 0) samples.get(contender)?.push(sample);
    }
  }
  return samples;
}

async function take({ name, run, clients, isBlocking }: Contender, slice: number): Promise<Sample> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const end = start + slice;
  let count = 0;
  let used = 0;
  if (isBlocking)
    do {
      for (let i = 0; i < 8; i++) used += run() as number;
      count += 8;
    } while (performance.now() < end);
  else {
    const client = async (): Promise<void> => {
      do {
        const result = await run();
        used += result;
        count++;
      } while (performance.now() < end);
    };
    await Promise.all(Array.from({ length: clients }, client));
  }
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  if (!(used >= count)) throw new Error(`${name} gave no results`);
  return { perSecond: count / seconds, cpu: (user + system) / count };
}

/** Milliseconds that each call took, one after another, for a slice. */
export async function latencies(run: Operation, slice: number): Promise<readonly number[]> {
  const times: number[] = [];
  let used = 0;
  const end = performance.now() + slice;
  for (let start = performance.now(); start < end; ) {
    used += await run();
    const now = performance.now();
    times.push(now - start);
    start = now;
  }
  if (!(used >= times.length)) throw new Error("there were no results");
  return times;
}
