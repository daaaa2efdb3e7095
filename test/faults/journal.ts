import { type MetadataStore, memoryStore, type StoredRecord, UserMetaError } from "@usermeta/core";
import fc from "fast-check";
import { userIds } from "./model.ts";

/** A state that a user was in, and the request that brought it about. */
export interface State {
  readonly record: StoredRecord | undefined;
  readonly by: string;
}

/** What becomes of one request to the store. */
export type Fate = "served" | "request lost" | "answer lost" | "refused";
export const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Fate>("served") },
  { weight: 1, arbitrary: fc.constantFrom<Fate>("request lost", "answer lost", "refused") },
);

/** A store in memory, used by several processes, that keeps a journal of all its states. */
export interface Journal {
  readonly states: ReadonlyMap<string, readonly State[]>;
  /** The store as one process sees it; it may tell of other processes' writes. */
  readonly open: (canWatch: boolean) => MetadataStore;
}

/** Requests, answers and notices arrive when the scheduler says so; the plan's fates befall requests one after another. */
export function journal(scheduler: fc.Scheduler, plan: readonly Fate[]): Journal {
  const store = memoryStore();
  const states = new Map<string, State[]>(userIds.map((userId) => [userId, [{ record: undefined, by: "" }]]));
  const listeners = new Map<number, (event: { readonly userId: string }) => void>();
  let [requests, opened] = [0, 0];
  let tail: Promise<unknown> = Promise.resolve();

  const arrival = (what: string): Promise<void> => scheduler.schedule(Promise.resolve(), what);
  const outOfReach = (code: "store_unavailable" | "outcome_unknown"): UserMetaError =>
    new UserMetaError(code, "by plan");

  /** Sends a request and its answer; what it does, it does at one moment. */
  async function send<T>(name: string, act: () => Promise<T>, lost: () => T): Promise<T> {
    const fate = plan[requests++] ?? "served";
    await arrival(name);
    if (fate === "refused") throw outOfReach("store_unavailable");
    if (fate === "request lost") return lost();
    const done = tail.then(act);
    tail = done;
    const answer = await done;
    await arrival(`answer to ${name}`);
    return fate === "answer lost" ? lost() : answer;
  }

  function enter(process: number, userId: string, state: State): void {
    states.get(userId)?.push(state);
    for (const [other, listener] of listeners)
      if (other !== process) void arrival("notice").then(() => listeners.has(other) && listener({ userId }));
  }

  function open(canWatch: boolean): MetadataStore {
    const process = opened++;
    return {
      ...store,
      read: (ids) =>
        send(
          "read",
          () => store.read(ids),
          () => {
            throw outOfReach("store_unavailable");
          },
        ),
      write: (puts) =>
        send(
          "write",
          async () => {
            const results = await store.write(puts);
            for (const [i, { next, change }] of puts.entries()) {
              const { requestId = "" } = JSON.parse(change.json ?? "{}") as { requestId?: string };
              if (results[i] === "written") enter(process, next.userId, { record: next, by: requestId });
            }
            return results;
          },
          () => puts.map(() => "unknown"),
        ),
      erase: (userId) =>
        send(
          "erase",
          async () => {
            await store.erase(userId);
            if (states.get(userId)?.at(-1)?.record) enter(process, userId, { record: undefined, by: "" });
          },
          () => {
            throw outOfReach("outcome_unknown");
          },
        ),
      ...(canWatch && {
        watch: (listener) => {
          listeners.set(process, listener);
          return () => listeners.delete(process);
        },
      }),
      close: async () => {},
    };
  }

  return { states, open };
}
