import { UserMetaError } from "../errors.ts";
import { createDelivery, inTime, pause } from "./delivery.ts";
import { createDrafter, type Draft } from "./draft.ts";
import type { Edit } from "./edit.ts";
import { type Queue, within } from "./gather.ts";
import { type Identity, identify, isSame } from "./identity.ts";
import { type AnyDocuments, emptyRecord } from "./record.ts";
import type { RecordsOptions } from "./records.ts";
import type { StoredChange, StoredRecord } from "./store.ts";
import type { WriteOptions } from "./write-options.ts";

/** What a write came to. */
export interface Written {
  /** The record after the write. */
  readonly record: StoredRecord;
  /** Whether the same request had been carried out before, under this idempotency key. */
  readonly replayed: boolean;
  /** What was written just now; absent when nothing was. */
  readonly change?: StoredChange;
  /** The documents of the record, where they need not be parsed; whoever gets them may keep them. */
  readonly documents?: AnyDocuments;
}

/** What a write learnt of its record, for writes to the same user that waited for it. */
export interface Learnt {
  readonly record: StoredRecord;
  /** When the store was asked, on the clock of `performance.now`: the record was this one at some moment after it. */
  readonly at: number;
}

/** One of many writes. Its key keeps a second attempt from repeating it. */
export interface KeyedWrite {
  readonly userId: string;
  readonly edit: Edit;
  readonly options: WriteOptions & { readonly idempotencyKey: string };
}

/** Applies edits. */
export interface Writer {
  /** One, in its user's turn; `until` is its deadline on the clock of `performance.now`. */
  one(userId: string, edit: Edit, options: WriteOptions, until: number): Promise<Written>;
  /**
   * At most 100, of distinct users, in one read and one write of the store. `undefined` for what did not go through at
   * once: `one` tells why, or writes it.
   */
  many(writes: readonly KeyedWrite[]): Promise<readonly (Written | undefined)[]>;
}

/** What came of an edit before it is known whether the same request was carried out before. */
type Outcome = Written | { readonly refusal: unknown } | { readonly unchanged: StoredRecord };

/**
 * The one way in which metadata changes: read, apply the edit, check the result, compare-and-set together with its change
 * entry; again from the start when another write came first, and the same put again when its outcome is unknown.
 * Throws `version_conflict`, `scope_too_large`, `schema_mismatch`, `idempotency_key_reused`, `write_contention`,
 * `outcome_unknown`, `store_unavailable`, and whatever the edit throws; nothing is written then.
 */
export function createWriter(
  read: (userId: string) => Promise<StoredRecord>,
  inTurn: Queue<{ learnt: Learnt }>,
  options: RecordsOptions,
): Writer {
  const { store, deadline, clock } = options;
  const { draft, toPut } = createDrafter(options);
  const deliver = createDelivery(store, deadline);
  const ask = createDelivery(store, deadline); // who only asks must not be in the way of who writes

  /**
   * Whether this very request was carried out before. Asked before a request with a key is refused or found to change
   * nothing, because the first one may itself have made its precondition false.
   */
  async function isRepeated(userId: string, identity: Identity, until: number): Promise<boolean> {
    if (identity.digest === "") return false;
    const change = { ...identity, version: 0, at: clock(), json: null };
    const neverTrue = { incarnation: "", version: -1 };
    return isSame(await ask(toPut(emptyRecord(userId), neverTrue, change), until), change);
  }

  const replay = async (userId: string): Promise<Written> => ({ record: await read(userId), replayed: true });

  async function one(userId: string, edit: Edit, writeOptions: WriteOptions, until: number): Promise<Written> {
    const identity = identify(edit, writeOptions);

    async function carryOut(note: { learnt?: Learnt }): Promise<Outcome> {
      for (let attempts = 0; ; attempts++) {
        // What an earlier write learnt while this one waited is as true as what this one would read.
        const learnt = note.learnt !== undefined && note.learnt.at >= until - deadline ? note.learnt : undefined;
        const at = performance.now();
        const current = learnt?.record ?? (await inTime(read(userId), until));
        note.learnt = learnt ?? { record: current, at };
        let what: Draft | undefined;
        try {
          what = await draft(current, edit, writeOptions, identity);
        } catch (refusal) {
          return { refusal };
        }
        if (what === undefined) return { unchanged: current };
        const sent = performance.now();
        delete note.learnt;
        const result = await deliver(what.put, until);
        if (result === "written") {
          note.learnt = { record: what.put.next, at: sent };
          return { record: what.put.next, replayed: false, change: what.change, documents: what.documents };
        }
        if (isSame(result, what.change)) return replay(userId);
        if (performance.now() > until)
          throw new UserMetaError("write_contention", "other writes to the record came first each time");
        await pause(attempts);
      }
    }

    const outcome = await inTurn(userId, carryOut, until, contention);
    if ("record" in outcome) return outcome;
    const replayed = await isRepeated(userId, identity, until);
    if ("unchanged" in outcome) return { record: outcome.unchanged, replayed };
    if (replayed) return replay(userId);
    throw outcome.refusal;
  }

  /** The same steps, without a promise, a timer and a queue for each write. */
  async function many(writes: readonly KeyedWrite[]): Promise<readonly (Written | undefined)[]> {
    const found = await within(deadline, store.read(writes.map(({ userId }) => userId)));
    if (found === undefined) return [];
    const drafts = await Promise.all(
      writes.map(({ userId, edit, options: own }, i) =>
        draft(found[i] ?? emptyRecord(userId), edit, own, identify(edit, own)).catch(() => undefined),
      ),
    );
    const sent = drafts.filter((what) => what !== undefined);
    const results =
      sent.length === 0 ? [] : ((await within(deadline, store.write(sent.map((what) => what.put)))) ?? []);
    const written = new Set(sent.filter((_what, i) => results[i] === "written"));
    return drafts.map((what) =>
      what !== undefined && written.has(what)
        ? { record: what.put.next, replayed: false, change: what.change }
        : undefined,
    );
  }

  return { one, many };
}

/** `write_contention` for a write whose turn did not come in time. */
export const contention = (): UserMetaError =>
  new UserMetaError("write_contention", "writes to the record before this one took too long");
