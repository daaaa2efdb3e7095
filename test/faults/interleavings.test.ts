import { isDeepStrictEqual } from "node:util";
import { createUserMeta, type UserMeta, UserMetaError, type UserRecord } from "@usermeta/core";
import fc from "fast-check";
import { expect, it } from "vitest";
import { form } from "./form.ts";
import { type Fate, fate, journal, type State } from "./journal.ts";
import { applied, type Command, type Content, command, userIds } from "./model.ts";

// E13: clients of several processes on one in-memory store, whose requests, answers and notices arrive in any order or
// not at all. What each client is told must follow from the states that the store went through.
const runs = Number(process.env["USERMETA_INTERLEAVINGS"] ?? form(1_500, 10_000));
const seed = 20_261_120; // fixed, so that a failure is the same for everybody

/** A process: whether it keeps records, whether it is told of others' writes, and what its clients do, one thing after another. */
const member = fc.record({
  isCached: fc.boolean(),
  isTold: fc.boolean(),
  clients: fc.array(fc.array(command, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 2 }),
});
type Member = typeof member extends fc.Arbitrary<infer T> ? T : never;

/** A request that was made: what it said, and on which ETag it was conditional. */
interface Request {
  readonly command: Command;
  readonly ifMatch: string | undefined;
}

/** What came of a request. */
type Outcome = { readonly code: string } | { readonly record: UserRecord | undefined };

const seen = new Set<string>();

it(`${runs.toLocaleString("en")} interleavings in memory explain every answer`, { timeout: 600_000 }, async () => {
  const members = fc.array(member, { minLength: 2, maxLength: 3 });
  const plan = fc.array(fate, { maxLength: 40 });
  await fc.assert(fc.asyncProperty(fc.scheduler(), members, plan, play), { numRuns: runs, seed });
  const wanted = ["answered 503", "conflict", "erased", "read", "read stale", "repeated", "unchanged", "written"];
  expect([...seen].toSorted()).toEqual(wanted);
});

async function play(scheduler: fc.Scheduler, members: readonly Member[], plan: readonly Fate[]): Promise<void> {
  const { states, open } = journal(scheduler, plan);
  const requests = new Map<string, Request>();
  const metas = members.map(({ isCached, isTold }) =>
    createUserMeta({
      store: open(isTold),
      verifier: () => Promise.reject(new Error("no sessions here")),
      ...(isCached && { cache: { seconds: 600 } }),
    }),
  );
  const work = members.flatMap(({ isCached, clients }, i) => {
    const written = new Map<string, number>();
    return clients.map((todo, j) =>
      checked({ meta: metas[i] as UserMeta, name: `${i}.${j}`, isCached, written, states, requests }, todo),
    );
  });
  await scheduler.waitFor(Promise.all(work));
  for (const all of states.values()) expectSteps(all, requests);
  // Once every notice has arrived, nobody is behind.
  await scheduler.waitIdle();
  for (const meta of metas.filter((_, i) => members[i]?.isTold || !members[i]?.isCached))
    for (const userId of userIds) {
      const outcome = await scheduler.waitFor(answered(() => meta.get(userId), Number.POSITIVE_INFINITY));
      expect("record" in outcome && isOf(outcome.record, states.get(userId)?.at(-1)), "reads the last state").toBe(
        true,
      );
    }
}

interface Client {
  readonly meta: UserMeta;
  readonly name: string;
  readonly isCached: boolean;
  /** By user: the place of the latest state that the process has written. All its clients must see it. */
  readonly written: Map<string, number>;
  readonly states: ReadonlyMap<string, readonly State[]>;
  readonly requests: Map<string, Request>;
}

/** Carries out commands one after another, and checks each answer. */
async function checked(client: Client, todo: readonly Command[]): Promise<void> {
  const { meta, name, isCached, written, requests } = client;
  const etags = new Map<string, string>();
  const read = new Map<string, number>();
  for (const [n, one] of todo.entries()) {
    const { userId } = one;
    const requestId = `${name}-${n}`;
    const states = client.states.get(userId) ?? [];
    const first = states.length - 1;
    const least = Math.max(written.get(userId) ?? 0, read.get(userId) ?? 0);
    const ifMatch = one.do === "update" && one.isConditional ? etags.get(userId) : undefined;
    requests.set(requestId, { command: one, ifMatch });
    const tries = "hasKey" in one && one.hasKey ? 4 : 1;
    const outcome = await answered(() => carryOut(meta, one, requestId, ifMatch), tries);
    const during = states.slice(first);
    // What was erased again before an answer came is forgotten, its change ids too.
    const own = states.findLastIndex(({ by }) => by === requestId);
    const isThere = own > 0 && !states.slice(own).some(({ record }) => record === undefined);
    const tell = (what: string): string => `${requestId} ${JSON.stringify(one)} ${what}`;
    const note = (what: string): void => void seen.add(what);

    if ("code" in outcome) {
      note(outcome.code === "version_conflict" ? "conflict" : "answered 503");
      if (outcome.code !== "outcome_unknown") expect(isThere, tell(`was ${outcome.code}, and yet written`)).toBe(false);
      if (outcome.code === "version_conflict")
        expect(
          during.some((state) => etagOf(state) !== ifMatch),
          tell("was refused for no reason"),
        ).toBe(true);
      continue;
    }
    const { record } = outcome;
    if (record === undefined) {
      note("erased");
      const place = states.findIndex((state, i) => i >= first && state.record === undefined);
      expect(place, tell("erased nothing")).toBeGreaterThan(-1);
      written.set(userId, Math.max(written.get(userId) ?? 0, place));
      continue;
    }
    etags.set(userId, record.etag);
    const from = one.do === "get" && isCached ? least : Math.max(first, least);
    const place = states.findIndex((state, i) => i >= from && isOf(record, state));
    expect(place, tell(`was told of ${JSON.stringify(record)}, which was not there`)).toBeGreaterThan(-1);
    if (one.do === "get") {
      note(place < first ? "read stale" : "read");
      read.set(userId, Math.max(least, place));
      continue;
    }
    if (own > 0) note(place === own ? "written" : "repeated");
    else {
      note("unchanged");
      const isSame = during.some(
        (state) => isOf(record, state) && isDeepStrictEqual(after(state, one), contentOf(state)),
      );
      expect(isSame, tell("was acknowledged, and is not there")).toBe(true);
    }
    written.set(userId, Math.max(written.get(userId) ?? 0, own, own > 0 ? 0 : place));
  }
}

async function carryOut(
  meta: UserMeta,
  one: Command,
  requestId: string,
  ifMatch?: string,
): Promise<UserRecord | undefined> {
  const { userId } = one;
  if (one.do === "get") return meta.get(userId);
  if (one.do === "erase") {
    await meta.erase(userId);
    return undefined;
  }
  const options = {
    requestId,
    ...(one.hasKey && { idempotencyKey: requestId }),
    ...(ifMatch !== undefined && { ifMatch }),
  };
  if (one.do === "clear") return meta.clear(userId, one.scope, options);
  return meta.update(userId, { [one.scope]: one.document } as object, { ...options, merge: one.merge as "shallow" });
}

/** The outcome, after so many tries at most; of several answers 503 the one that leaves most open. */
async function answered(operation: () => Promise<UserRecord | undefined>, tries: number): Promise<Outcome> {
  let code = "";
  for (let i = 0; i < tries; i++)
    try {
      return { record: await operation() };
    } catch (error) {
      if (!(error instanceof UserMetaError)) throw error;
      if (error.status !== 503) return { code: error.code };
      if (code !== "outcome_unknown") code = error.code;
    }
  return { code };
}

/** Each state must be what its request makes of the one before; and no request may happen twice. */
function expectSteps(states: readonly State[], requests: ReadonlyMap<string, Request>): void {
  let since = new Set<string>();
  for (const [i, state] of states.entries()) {
    const { record, by } = state;
    if (record === undefined) since = new Set();
    if (record === undefined || i === 0) continue;
    const before = states[i - 1] as State;
    const { command: cause, ifMatch } = requests.get(by) as Request;
    expect(contentOf(state), JSON.stringify(cause)).toEqual(after(before, cause));
    expect(record.version).toBe((before.record?.version ?? 0) + 1);
    if (before.record) expect(record.incarnation).toBe(before.record.incarnation);
    if (ifMatch !== undefined) expect(etagOf(before)).toBe(ifMatch);
    expect(since.has(by), `${by} happened twice`).toBe(false);
    since.add(by);
  }
}

const after = (state: State, cause: Command): Content => applied(contentOf(state), cause);

function contentOf({ record }: State): Content {
  const parse = (json = "{}"): Content["public"] => JSON.parse(json) as Content["public"];
  return {
    public: parse(record?.public.json),
    private: parse(record?.private.json),
    unsafe: parse(record?.unsafe.json),
  };
}

const etagOf = ({ record }: State): string => (record ? `"${record.incarnation}.${record.version}"` : '"0"');

/** Whether a record is that of a state. */
const isOf = (found: UserRecord | undefined, state: State | undefined): boolean =>
  state !== undefined &&
  found?.etag === etagOf(state) &&
  isDeepStrictEqual({ public: found.public, private: found.private, unsafe: found.unsafe }, contentOf(state));
