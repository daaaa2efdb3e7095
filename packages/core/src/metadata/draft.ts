import { differences, writeChange } from "./change.ts";
import type { Edit } from "./edit.ts";
import { type Identity, random } from "./identity.ts";
import { isEqual, stringify } from "./json.ts";
import { checkRecordSize, checkSize } from "./limits.ts";
import { type AnyDocuments, parseDocuments } from "./record.ts";
import type { RecordsOptions } from "./records.ts";
import { checkSchema } from "./schema.ts";
import { type Put, type Scope, type StoredChange, type StoredRecord, scopes } from "./store.ts";
import { checkAbsent, checkIfMatch, type WriteOptions } from "./write-options.ts";

/** What is about to be written: the put, and its entry as those are told who listen. */
export interface Draft {
  readonly put: Put;
  readonly change: StoredChange;
  /** The record's documents after it, which nobody else holds. */
  readonly documents: AnyDocuments;
}

/** Works out what an edit makes of a record; `undefined` when it changes nothing. Throws what the edit and the checks throw. */
export type Drafter = (
  current: StoredRecord,
  edit: Edit,
  writeOptions: WriteOptions,
  identity: Identity,
) => Promise<Draft | undefined>;

const day = 86_400_000;

/** A drafter, and the way from a record to its put. */
export function createDrafter(options: RecordsOptions): {
  readonly draft: Drafter;
  readonly toPut: (next: StoredRecord, expected: Put["expected"], change: StoredChange) => Put;
} {
  const { store, limits, schemas, history, clock } = options;
  const keepsHistory = history.entries > 0;

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

  const draft: Drafter = async (current, edit, writeOptions, identity) => {
    const before = parseDocuments(current);
    const after = await apply(current, before, edit, writeOptions);
    if (Object.keys(after).length === 0) return undefined;
    const next = toNext(current, after);
    const told = keepsHistory || options.onChange !== undefined ? toText(edit, before, after, writeOptions) : null;
    const change = { ...identity, version: next.version, at: clock(), json: told };
    const logged = keepsHistory ? change : { ...change, json: null };
    const put = toPut(next, current.version === 0 ? undefined : current, logged);
    return { put, change, documents: { ...before, ...after } };
  };

  return { draft, toPut };
}
