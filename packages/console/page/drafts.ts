import { type Signal, signal } from "@preact/signals";
import {
  checkSize,
  countCharacters,
  isEqual,
  type JsonObject,
  parseJson,
  type Scope,
  scopes,
  toJson,
  toObject,
  UserMetaError,
} from "@usermeta/core/json";
import type { UserRecord } from "./requests.ts";
import { settings } from "./settings.ts";

/** A user's documents while somebody edits them. */
export interface Draft {
  /** As it was read; edits are to this. */
  readonly record: UserRecord;
  readonly texts: Readonly<Record<Scope, string>>;
  /** Changes when the texts change in another way than by typing: editors must take them over. */
  readonly revision: number;
  /** What the server found wrong with these very texts. */
  readonly refused?: UserMetaError;
}

/** A text as a document, or what is wrong with it. */
export type Reading =
  | { readonly document: JsonObject; readonly size: number; readonly error?: UserMetaError }
  | { readonly document?: undefined; readonly size?: undefined; readonly error: UserMetaError };

const drafts = new Map<string, Signal<Draft | undefined>>();

/** The draft of a user; edits outlive a look at another screen. */
export function draftOf(userId: string): Signal<Draft | undefined> {
  const draft = drafts.get(userId) ?? signal<Draft | undefined>(undefined);
  drafts.set(userId, draft);
  return draft;
}

/** Forgets a draft, unless it holds edits. */
export function releaseDraft(userId: string): void {
  const draft = drafts.get(userId)?.value;
  if (draft === undefined || editedScopes(draft).length === 0) drafts.delete(userId);
}

let revisions = 0;

/** A draft of a record; without edits, unless there are texts. */
export function toDraft(record: UserRecord, texts?: Draft["texts"]): Draft {
  const { public: open, private: own, unsafe } = record;
  const saved = { public: pretty(open), private: pretty(own), unsafe: pretty(unsafe) };
  return { record, texts: texts ?? saved, revision: revisions++ };
}

/** A draft after somebody typed. */
export function edit({ record, texts, revision }: Draft, scope: Scope, text: string): Draft {
  return { record, texts: { ...texts, [scope]: text }, revision };
}

/** A document as people edit it. */
export const pretty = (document: JsonObject): string => JSON.stringify(document, null, 2);

/** The scopes whose text says something else than the record. */
export function editedScopes({ record, texts }: Draft): readonly Scope[] {
  return scopes.filter((scope) => {
    if (texts[scope] === pretty(record[scope])) return false;
    const { document } = readText(texts[scope], scope, record);
    return document === undefined || !isEqual(document, record[scope]);
  });
}

/** Reads a text by the rules that the server has for it, schemas aside. */
export function readText(text: string, scope: Scope, record: UserRecord): Reading {
  let document: JsonObject | undefined;
  const { limits } = settings;
  try {
    document = toObject(toJson(parseJson(text, true), limits.depth), "");
    checkSize({ ...limits, bodyBytes: Number.POSITIVE_INFINITY }, scope, document, record[scope]);
    return { document, size: countCharacters(document) };
  } catch (error) {
    if (!(error instanceof UserMetaError)) throw error;
    return document === undefined ? { error } : { document, size: countCharacters(document), error };
  }
}

/** Whether edits would be lost with the page. */
export function hasEdits(): boolean {
  return [...drafts.values()].some(({ value }) => value !== undefined && editedScopes(value).length > 0);
}
