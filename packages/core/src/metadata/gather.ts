import { UserMetaError } from "../errors.ts";
import { transientMap } from "./transient-map.ts";

// Taken once, so that a test's fake timers cannot hold up a store. Runtimes without it gather within one microtask turn.
const { setImmediate: immediate, setTimeout: timeout, clearTimeout: cancel } = globalThis;
const nextTurn: (run: () => void) => void = immediate ?? queueMicrotask;

const maxBatch = 100;

interface Waiting<T, R> {
  readonly item: T;
  readonly answer: Promise<R>;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** How a store's batch operation is called. */
export interface Batching<T, R> {
  /** Answers a batch, in order. */
  readonly run: (items: readonly T[]) => Promise<readonly R[]>;
  /** A batch holds one item of each key. */
  readonly key: (item: T) => string;
  /** Whether items of one key that wait at the same time share an answer; else they are asked for one after another. */
  readonly shares: boolean;
  /** Milliseconds until a batch counts as lost. */
  readonly deadline: number;
  /** The answer for an item whose batch was lost. */
  readonly lost: () => R;
}

/**
 * Turns a batch operation into one that takes single items. While a batch is in flight the next one gathers, so that
 * throughput grows with load; an item that is alone waits for nobody.
 */
export function gather<T, R>({ run, key, shares, deadline, lost }: Batching<T, R>): (item: T) => Promise<R> {
  let waiting = new Map<string, Waiting<T, R>>();
  let inFlight = false;

  async function next(): Promise<void> {
    const all = [...waiting];
    const batch = all.slice(0, maxBatch).map(([, one]) => one);
    waiting = new Map(all.slice(maxBatch)); // a new one for the reason that transientMap gives
    const failure = await settle(batch);
    if (failure !== undefined) {
      // A store that cannot be reached for these cannot for those that wait behind them, whose time runs as well.
      for (const { reject } of waiting.values()) reject(failure);
      waiting.clear();
    }
    inFlight = waiting.size > 0;
    if (inFlight) nextTurn(() => void next());
  }

  /** Resolves to what is wrong with the store, when it cannot be reached. */
  async function settle(batch: readonly Waiting<T, R>[]): Promise<UserMetaError | undefined> {
    try {
      const results = await within(deadline, run(batch.map(({ item }) => item)));
      if (results === undefined) {
        for (const { resolve, reject } of batch) attempt(lost, resolve, reject);
        return unanswered();
      }
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
    } catch (error) {
      const isOurs = error instanceof UserMetaError;
      // One bad item must not fail the others; an unreachable store would only fail them one by one.
      if (batch.length > 1 && !isOurs) for (const one of batch) await settle([one]);
      else for (const { reject } of batch) reject(error);
      if (isOurs && error.code === "store_unavailable") return error;
    }
    return undefined;
  }

  return function ask(item): Promise<R> {
    const same = waiting.get(key(item));
    if (same !== undefined) {
      if (shares) return same.answer;
      const again = (): Promise<R> => ask(item);
      return same.answer.then(again, again);
    }
    const { promise: answer, resolve, reject } = withResolvers<R>();
    waiting.set(key(item), { item, answer, resolve, reject });
    if (!inFlight) {
      inFlight = true;
      nextTurn(() => void next());
    }
    return answer;
  };
}

/** The promise's value, or `undefined` when it takes longer than `ms`. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = timeout(resolve, ms, undefined);
    const settled = <V>(settle: (value: V) => void) => {
      return (value: V): void => {
        cancel(timer);
        settle(value);
      };
    };
    promise.then(settled(resolve), settled(reject));
  });
}

/** Resolves after so many milliseconds. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    timeout(resolve, ms);
  });
}

/** `store_unavailable` for a store that did not answer in time. */
export const unanswered = (): UserMetaError =>
  new UserMetaError("store_unavailable", "the store did not answer before the deadline");

function attempt<R>(produce: () => R, resolve: (value: R) => void, reject: (error: unknown) => void): void {
  try {
    resolve(produce());
  } catch (error) {
    reject(error);
  }
}

// Promise.withResolvers needs Node 22; the engines field says 20.19.
function withResolvers<R>(): { promise: Promise<R>; resolve: (value: R) => void; reject: (error: unknown) => void } {
  let settle: { resolve: (value: R) => void; reject: (error: unknown) => void } | undefined;
  const promise = new Promise<R>((resolve, reject) => {
    settle = { resolve, reject };
  });
  return { promise, ...(settle as NonNullable<typeof settle>) };
}

/**
 * Runs a job in its turn; rejects with `late()` when its turn has not come by `until`, and never runs it then. Jobs that
 * follow one another without a pause share `note`.
 */
export type Queue<N> = <T>(
  key: string,
  job: (note: Partial<N>) => Promise<T>,
  until: number,
  late: () => UserMetaError,
) => Promise<T>;

/** Runs jobs of one key one after another, and those of different keys at the same time. */
export function queueByKey<N>(): Queue<N> {
  const queues = transientMap<string, { last: Promise<unknown>; readonly note: Partial<N> }>();
  return (key, job, until, late) => {
    const queue = queues.get(key);
    const { last: before, note = {} } = queue ?? {};
    let hasBegun = false;
    const begin = (): ReturnType<typeof job> => {
      if (performance.now() > until) throw late();
      hasBegun = true;
      return job(note);
    };
    const turn = before === undefined ? job(note) : before.then(begin, begin);
    if (queue === undefined) queues.set(key, { last: turn, note });
    else queue.last = turn;
    const done = (): void => {
      if (queues.get(key)?.last === turn) queues.delete(key);
    };
    turn.then(done, done);
    if (before === undefined) return turn;
    const waited = within(Math.max(until - performance.now(), 1), before.then(nothing, nothing));
    return waited.then((came) => {
      if (came === undefined && !hasBegun) throw late();
      return turn;
    });
  };
}

/** A value that is not `undefined`, which would mean that time was up. */
const nothing = (): null => null;
