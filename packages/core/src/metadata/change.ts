import { checkOptions, invalidConfig, UserMetaError } from "../errors.ts";
import type { ChangeKind, Edit } from "./edit.ts";
import { countCharacters, isEqual, isObject, type Json, type JsonObject, pointerTo, stringify } from "./json.ts";
import { parsePointer, valueAt } from "./pointer.ts";
import type { AnyDocuments } from "./record.ts";
import { type Scope, type StoredChange, scopes } from "./store.ts";

/** One write, as the change log tells it. */
export interface Change {
  readonly id: string;
  /** The record's version after it. */
  readonly version: number;
  /** ISO 8601 time. */
  readonly at: string;
  readonly kind: ChangeKind;
  /** Who wrote: `user:<id>`, `key:<name>`, or what the application said; `"server"` by default. */
  readonly actor: string;
  readonly reason?: string;
  readonly requestId?: string;
  readonly changes: readonly Difference[];
}

/** What became of one place: a JSON Pointer that begins with the scope. An absent `from` or `to`: nothing was there. */
export interface Difference {
  readonly path: string;
  readonly from?: Json;
  readonly to?: Json;
  /** The values are masked (`history.mask`) and not kept. */
  readonly masked?: true;
  /** Characters of the values, kept instead of them in an entry above 16 KiB. */
  readonly fromSize?: number;
  readonly toSize?: number;
}

/** How much of the change log is kept, per user; each write trims its own user's. */
export interface HistoryOptions {
  /** @default 1000 */
  readonly entries?: number;
  /** @default 365 */
  readonly days?: number;
  /** JSON Pointers to what must never be kept in the log, e.g. `["/private/ssn"]`. */
  readonly mask?: readonly string[];
}

/** History options with their defaults; `entries` is 0 when no history is kept. */
export type ResolvedHistory = Required<HistoryOptions>;

/** Fills in the defaults. Throws `invalid_config`. */
export function resolveHistory(options: HistoryOptions | false = {}): ResolvedHistory {
  if (options === false) return { entries: 0, days: 365, mask: [] };
  checkOptions("history", options, ["entries", "days", "mask"]);
  const { entries = 1000, days = 365, mask = [] } = options;
  if (!Array.isArray(mask)) throw invalidConfig("history.mask must be a list of JSON Pointers");
  if (!Number.isSafeInteger(entries) || entries < 0)
    throw invalidConfig("history.entries must be an integer of 0 or more");
  if (!(days > 0)) throw invalidConfig("history.days must be above 0");
  for (const path of mask)
    if (!scopes.includes(parsePointer(path)?.[0] as Scope))
      throw invalidConfig('history.mask must hold JSON Pointers into a scope, e.g. "/private/ssn"');
  return { entries, days, mask };
}

const maxEntryBytes = 16_384;

/** Everything of an entry that the store keeps as text. */
type Body = Omit<Change, "id" | "version" | "at">;

/** The text of an entry: values masked, and sizes instead of values when it would exceed 16 KiB. */
export function writeChange(body: Body, mask: readonly string[]): string {
  const changes = body.changes.map(
    (change): Difference => (isMasked(change.path, mask) ? { path: change.path, masked: true } : change),
  );
  const text = stringify({ ...body, changes });
  if (text.length <= maxEntryBytes) return text;
  const sizes = stringify({ ...body, changes: changes.map(toSizes) });
  return sizes.length <= maxEntryBytes ? sizes : stringify({ ...body, changes: [] });
}

/** An entry as stored, as code gets it. */
export function readChange({ id, version, at, json }: StoredChange): Change {
  return { id, version, at: new Date(at).toISOString(), ...(JSON.parse(json ?? "{}") as Body) };
}

function isMasked(path: string, mask: readonly string[]): boolean {
  return mask.some((masked) => `${path}/`.startsWith(`${masked}/`) || `${masked}/`.startsWith(`${path}/`));
}

function toSizes({ path, from, to, masked }: Difference): Difference {
  return {
    path,
    ...(masked && { masked }),
    ...(from !== undefined && { fromSize: sizeOf(from) }),
    ...(to !== undefined && { toSize: sizeOf(to) }),
  };
}

const sizeOf = (value: Json): number => countCharacters({ "": value }) - 5; // without {"":}

/** Where two documents differ: as deep as both are objects; arrays are whole. */
export function differences(before: Json | undefined, after: Json | undefined, path: string): Difference[] {
  if (before === after) return [];
  if (isObject(before) && isObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(own(before, key), own(after, key), pointerTo(path, key)));
  }
  if (before !== undefined && after !== undefined && isEqual(before, after)) return [];
  return [{ path, ...(before !== undefined && { from: before }), ...(after !== undefined && { to: after }) }];
}

const own = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined;

/**
 * An edit that undoes a change. `change_not_revertible` when a place has changed again since, so that reverting never
 * loses a later write, or when the log does not hold the values.
 */
export function revertEdit(change: Change): Edit {
  if (
    change.changes.length === 0 ||
    change.changes.some(({ masked, fromSize, toSize }) => masked ?? fromSize ?? toSize)
  )
    throw notRevertible("the log does not hold the change's values");
  return {
    kind: "revert",
    request: change.id,
    apply: (current) => {
      const documents = structuredClone(current) as { -readonly [S in Scope]: JsonObject };
      for (const difference of change.changes) undo(documents, difference);
      const touched = new Set(change.changes.map(({ path }) => parsePointer(path)?.[0] as Scope));
      return Object.fromEntries([...touched].map((scope) => [scope, documents[scope]]));
    },
  };
}

function undo(documents: AnyDocuments, { path, from, to }: Difference): void {
  const tokens = parsePointer(path) ?? [];
  const parent = valueAt(documents, tokens.slice(0, -1));
  const key = tokens.at(-1) ?? "";
  const now = isObject(parent) ? own(parent, key) : undefined;
  const unchanged = now === undefined || to === undefined ? now === to : isEqual(now, to);
  if (!isObject(parent) || !unchanged) throw notRevertible("a later change has written the same place");
  if (from === undefined) delete (parent as Record<string, Json>)[key];
  else (parent as Record<string, Json>)[key] = from;
}

const notRevertible = (message: string): UserMetaError => new UserMetaError("change_not_revertible", message);
