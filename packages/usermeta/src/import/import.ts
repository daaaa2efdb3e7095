import { setTimeout as sleep } from "node:timers/promises";
import { type Edit, type Merge, type Records, type StoredRecord, UserMetaError, type Written } from "@usermeta/core";
import { mergeEdit } from "@usermeta/core/routes";
import { begin, type Checkpoint, type Position, type Tally } from "./checkpoint.ts";
import type { Entry, Source } from "./entry.ts";
import { type Format, toUser } from "./formats.ts";

/** What {@link importUsers} takes beside the source and the store. */
export interface ImportOptions {
  readonly format: Format;
  /** How a row meets what is stored. `"replace"`: each scope that it names becomes what it says. */
  readonly merge: Merge;
  readonly checkpoint: Checkpoint;
  /** Makes what is written outlive a loss of power, where the store does not do that by itself. */
  readonly sync: () => Promise<void>;
  /** For the change log. */
  readonly actor: string;
  readonly reason?: string;
  /** Stops at the first row that is refused. */
  readonly strict: boolean;
  /** Told of each row that is refused; the error's message holds nothing of the row. */
  onRefused(row: number, error: UserMetaError): void;
  /** Told after every batch. */
  onProgress(position: Position): void;
  /** Ends the import after the batch under way, with everything durable and the position saved. */
  readonly signal: AbortSignal;
}

/** Where an import ended. */
export interface Imported extends Position {
  /** `"finished"`, or why it did not: it can be resumed. */
  readonly end: "finished" | "stopped" | "refused";
}

/** Rows that wait in memory: sorted by user, they touch each page of a store's indexes together. */
const batchRows = 5_000;
const batchBytes = 4 * 1024 * 1024;
/** Rows that core writes in one go, and how many such lots are under way at a time. */
const lotRows = 100;
const lanes = 4;
/** Milliseconds that a store may be out of reach before the import gives up. */
const patience = 60_000;
/** Milliseconds between savings of the position. */
const savingInterval = 1_000;

/**
 * Writes every row of a source. It can be killed at any moment and started again: the position is saved only after the
 * rows before it are durable, and rows after it are recognised by their idempotency keys, which the saved name of the run
 * and the row number make. So each row is written exactly once, as long as a user sees fewer than 256 changes in between.
 * Throws `store_unavailable` when the store stays out of reach, and what the source throws; the position is saved then.
 */
export async function importUsers(records: Records, source: Source, options: ImportOptions): Promise<Imported> {
  const { checkpoint, signal, strict } = options;
  let position = (await recognise(records, checkpoint.found)) ?? begin();
  checkpoint.save(position); // before the first write: a run without a name could repeat itself
  let savedAt = performance.now();
  let batch: Entry[] = [];
  let bytes = 0;

  async function flush(): Promise<void> {
    if (batch.length === 0) return;
    position = await writeBatch(records, batch, position, options);
    batch = [];
    bytes = 0;
    options.onProgress(position);
    if (performance.now() - savedAt >= savingInterval) await save();
  }

  async function save(): Promise<void> {
    await options.sync();
    checkpoint.save(position);
    savedAt = performance.now();
  }

  const refusedBefore = position.tally.refused;
  const ended = (): Imported["end"] | undefined =>
    signal.aborted ? "stopped" : strict && position.tally.refused > refusedBefore ? "refused" : undefined;

  try {
    for await (const entries of source.entries(position.row)) {
      for (const entry of entries) {
        batch.push(entry);
        bytes += entry.size;
        if (batch.length >= batchRows || bytes >= batchBytes) await flush();
        if (ended()) break;
      }
      if (ended()) break;
    }
    if (!ended()) await flush();
  } finally {
    await save();
  }
  return { ...position, end: ended() ?? "finished" };
}

/**
 * The saved position, if the store is the one it speaks of; else the beginning, under the same name: rows that are there
 * after all are recognised, and a database that was made anew is filled.
 */
async function recognise(records: Records, found: Position | undefined): Promise<Position | undefined> {
  if (found?.witness === undefined) return found && { ...begin(), run: found.run };
  const { userId, incarnation } = found.witness;
  const record = await records.read(userId);
  return record.incarnation === incarnation ? found : { ...begin(), run: found.run };
}

interface Row {
  readonly row: number;
  readonly userId: string;
  readonly edit: Edit;
  /** The record's version before the write. */
  before(): number;
}

/** Writes rows in the order of their users, and of one user in the order of the source. */
async function writeBatch(
  records: Records,
  entries: readonly Entry[],
  position: Position,
  options: ImportOptions,
): Promise<Position> {
  const tally = { ...position.tally };
  let { row: last, witness } = position;
  const refused: [row: number, error: UserMetaError][] = [];
  const rows: Row[] = [];
  for (const entry of entries) {
    try {
      rows.push(toRow(entry, records, options));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      refused.push([entry.row, error]);
      if (options.strict) break; // before this row, so that the next run meets it again
    }
    last = entry.row;
  }
  const lots = toLots(rows);
  async function work(): Promise<void> {
    for (let lot = lots.shift(); lot !== undefined; lot = lots.shift())
      for (const [row, outcome] of await writeLot(records, lot, position.run, options)) {
        if (outcome instanceof UserMetaError) {
          refused.push([row.row, outcome]);
          continue;
        }
        tally[outcome.what]++;
        const { userId, incarnation } = outcome.record;
        if (outcome.record.version > 0) witness = { userId, incarnation };
      }
  }
  // All of them, so that nothing is under way any more when one has failed.
  for (const lane of await Promise.allSettled(Array.from({ length: lanes }, work)))
    if (lane.status === "rejected") throw lane.reason;
  for (const [row, error] of refused.sort(([a], [b]) => a - b)) options.onRefused(row, error);
  tally.refused += refused.length;
  return { run: position.run, row: last, tally, ...(witness && { witness }) };
}

/** Lots of neighbours in the order of user ids; all rows of one user are in one lot, in the order of the source. */
function toLots(rows: readonly Row[]): Row[][] {
  const sorted = rows.toSorted((a, b) => (a.userId < b.userId ? -1 : a.userId > b.userId ? 1 : a.row - b.row));
  const lots: Row[][] = [];
  for (const row of sorted) {
    const lot = lots.at(-1);
    if (lot === undefined || (lot.length >= lotRows && lot.at(-1)?.userId !== row.userId)) lots.push([row]);
    else lot.push(row);
  }
  return lots;
}

interface Outcome {
  readonly what: Exclude<keyof Tally, "refused">;
  readonly record: StoredRecord;
}

/** Writes a lot, again and again what the store could not take: a row's key keeps it from happening twice. */
async function writeLot(
  records: Records,
  lot: readonly Row[],
  run: string,
  { actor, reason }: ImportOptions,
): Promise<readonly (readonly [Row, Outcome | UserMetaError])[]> {
  const outcomes: [Row, Outcome | UserMetaError][] = [];
  let left = lot;
  for (const end = performance.now() + patience; ; ) {
    const results = await records.writeMany(
      left.map(({ row, userId, edit }) => ({
        userId,
        edit,
        options: { actor, ...(reason !== undefined && { reason }), idempotencyKey: `${run}:${row}` },
      })),
    );
    const again: Row[] = [];
    for (const [i, result] of results.entries()) {
      const row = left[i] as Row;
      if (result.status === "fulfilled") outcomes.push([row, toOutcome(result.value, row.before())]);
      else if (isRefusal(result.reason)) outcomes.push([row, result.reason]);
      else if (isPassing(result.reason) && performance.now() < end) again.push(row);
      else throw result.reason;
    }
    if (again.length === 0) return outcomes;
    left = again;
    await sleep(500 + Math.random() * 1000);
  }
}

/** A row as the write that it asks for. Throws what is wrong with it. */
function toRow({ row, read }: Entry, { limits }: Records, { format, merge }: ImportOptions): Row {
  const { userId, documents } = toUser(format, read());
  const edit = mergeEdit(merge, documents, limits);
  let before = 0;
  const apply: Edit["apply"] = (current, record) => {
    before = record.version;
    return edit.apply(current, record);
  };
  return { row, userId, edit: { ...edit, kind: "import", apply }, before: () => before };
}

function toOutcome({ record, replayed }: Written, before: number): Outcome {
  if (replayed) return { what: "repeated", record };
  return { what: record.version === before ? "unchanged" : before === 0 ? "created" : "changed", record };
}

/** Whether the row is at fault, not the store. */
const isRefusal = (error: unknown): error is UserMetaError => error instanceof UserMetaError && error.status < 500;

/** Whether the store may answer again. */
const isPassing = (error: unknown): boolean => error instanceof UserMetaError && error.status === 503;
