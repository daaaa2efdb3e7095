import { UserMetaError } from "../errors.ts";
import { differences, writeChange } from "./change.ts";
import type { Edit } from "./edit.ts";
import { contention, gather, inTime, pause, type Queue, within } from "./gather.ts";
import { type Identity, identify, isSame, random } from "./identity.ts";
import { isEqual, stringify } from "./json.ts";
import { checkRecordSize, checkSize } from "./limits.ts";
import { type AnyDocuments, emptyRecord, parseDocuments } from "./record.ts";
import type { RecordsOptions } from "./records.ts";
import { checkSchema } from "./schema.ts";
import { type Put, type PutResult, type Scope, type StoredChange, type StoredRecord, scopes } from "./store.ts";
import { checkAbsent, checkIfMatch, type WriteOptions } from "./write-options.ts";

/** What a write came to. */
export interface Written {
  /** The record after the write. */
  readonly record: StoredRecord;
  /** Whether the same request had been carried out before, under this idempotency key. */
  readonly replayed: boolean;
  /** What was written just now; absent when nothing was. */
  readonly change?: StoredChange;
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

/** What is about to be written: the put, and its entry as those are told who listen. */
interface Prepared {
  readonly put: Put;
  readonly change: StoredChange;
}

/** What came of an edit before it is known whether the same request was carried out before. */
type Outcome = Written | { readonly refusal: unknown } | { readonly unchanged: StoredRecord };

const day = 86_400_000;

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
  const { store, limits, schemas, history, deadline, clock } = options;
  const keepsHistory = history.entries > 0;
  const putting = (): ((put: Put) => Promise<PutResult>) =>
    gather<Put, PutResult>({
      run: (puts) => store.write(puts),
      key: ({ next }) => next.userId,
      shares: false, // one that was given up on may still wait here
      deadline,
      lost: () => "unknown",
    });
  const put = putting();
  const ask = putting(); // who only asks must not be in the way of who writes

  /** Sends the same put again while its outcome is unknown: its change id keeps it from happening twice. */
  async function send(
    put: (put: Put) => Promise<PutResult>,
    what: Put,
    until: number,
  ): Promise<Exclude<PutResult, "unknown">> {
    for (let attempts = 0; ; attempts++) {
      // Once an outcome is unknown, "cannot be reached, nothing was written" speaks of the repetition only.
      const answer = put(what).catch((error: unknown) => {
        if (attempts > 0 && error instanceof UserMetaError) return "unknown" as const;
        throw error;
      });
      const result = (await within(Math.max(until - performance.now(), 1), answer)) ?? "unknown";
      // Of the same version it is our own first attempt; else the same request came by another process.
      if (typeof result === "object" && attempts > 0 && result.duplicate.version === what.change.version)
        return isSame(result, what.change) ? "written" : result;
      if (result !== "unknown") return result;
      if (performance.now() > until)
        throw new UserMetaError("outcome_unknown", "the store did not say whether the write happened");
      await pause(attempts);
    }
  }

  /**
   * Whether this very request was carried out before. Asked before a request with a key is refused or found to change
   * nothing, because the first one may itself have made its precondition false.
   */
  async function isRepeated(userId: string, identity: Identity, until: number): Promise<boolean> {
    if (identity.digest === "") return false;
    const change = { ...identity, version: 0, at: clock(), json: null };
    const neverTrue = { incarnation: "", version: -1 };
    return isSame(await send(ask, toPut(emptyRecord(userId), neverTrue, change), until), change);
  }

  function toPut(next: StoredRecord, expected: Put["expected"], change: StoredChange): Put {
    return { next, expected, change, retention: { entries: history.entries, since: clock() - history.days * day } };
  }

  /** The new documents of the scopes that the edit really changes, checked. */
  async function apply(
    current: StoredRecord,
    before: AnyDocuments,
    edit: Edit,
    writeOptions: WriteOptions,
  ): Promise<Partial<AnyDocuments>> {
    checkIfMatch(current, writeOptions);
    if (edit.scopes !== undefined) checkAbsent(current, edit.scopes, writeOptions);
    const result = edit.apply(before, current);
    checkAbsent(current, Object.keys(result) as Scope[], writeOptions);
    const entries = (Object.entries(result) as [Scope, AnyDocuments[Scope]][]).filter(
      ([scope, document]) => !isEqual(document, before[scope]),
    );
    const changed = Object.fromEntries(entries) as Partial<AnyDocuments>;
    if (edit.checkSizes !== undefined) edit.checkSizes(changed, before);
    else for (const [scope, document] of entries) checkSize(limits, scope, document, before[scope]);
    // Clearing is always possible, whatever a schema requires.
    if (edit.kind !== "clear") for (const [scope, document] of entries) await checkSchema(schemas, scope, document);
    return changed;
  }

  function toNext(current: StoredRecord, after: Partial<AnyDocuments>): StoredRecord {
    const version = current.version + 1;
    const now = clock();
    const written = Object.entries(after).map(([scope, document]) => [
      scope,
      { json: stringify(document), version, updatedAt: now },
    ]);
    const isFirst = current.version === 0;
    const next: StoredRecord = {
      ...current,
      ...(isFirst && { incarnation: random(8).toString("hex"), createdAt: now }),
      version,
      ...Object.fromEntries(written),
    };
    checkRecordSize(next, store.maxRecordBytes);
    return next;
  }

  function toText(edit: Edit, before: AnyDocuments, after: Partial<AnyDocuments>, writeOptions: WriteOptions): string {
    const { actor = "server", reason, requestId } = writeOptions;
    const changes = scopes.flatMap((scope) => differences(before[scope], after[scope] ?? before[scope], `/${scope}`));
    const who = { actor, ...(reason !== undefined && { reason }), ...(requestId !== undefined && { requestId }) };
    return writeChange({ kind: edit.kind, ...who, changes }, history.mask);
  }

  /** What carries an edit out; `undefined` when it changes nothing. */
  async function prepare(
    current: StoredRecord,
    edit: Edit,
    writeOptions: WriteOptions,
    identity: Identity,
  ): Promise<Prepared | undefined> {
    const before = parseDocuments(current);
    const after = await apply(current, before, edit, writeOptions);
    if (Object.keys(after).length === 0) return undefined;
    const next = toNext(current, after);
    const told = keepsHistory || options.onChange !== undefined ? toText(edit, before, after, writeOptions) : null;
    const change = { ...identity, version: next.version, at: clock(), json: told };
    const logged = keepsHistory ? change : { ...change, json: null };
    return { put: toPut(next, current.version === 0 ? undefined : current, logged), change };
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
        let what: Prepared | undefined;
        try {
          what = await prepare(current, edit, writeOptions, identity);
        } catch (refusal) {
          return { refusal };
        }
        if (what === undefined) return { unchanged: current };
        const sent = performance.now();
        delete note.learnt;
        const result = await send(put, what.put, until);
        if (result === "written") {
          note.learnt = { record: what.put.next, at: sent };
          return { record: what.put.next, replayed: false, change: what.change };
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
    const prepared = await Promise.all(
      writes.map(({ userId, edit, options: own }, i) =>
        prepare(found[i] ?? emptyRecord(userId), edit, own, identify(edit, own)).catch(() => undefined),
      ),
    );
    const sent = prepared.filter((what) => what !== undefined);
    const results =
      sent.length === 0 ? [] : ((await within(deadline, store.write(sent.map((what) => what.put)))) ?? []);
    const written = new Set(sent.filter((_what, i) => results[i] === "written"));
    return prepared.map((what) =>
      what !== undefined && written.has(what)
        ? { record: what.put.next, replayed: false, change: what.change }
        : undefined,
    );
  }

  return { one, many };
}
