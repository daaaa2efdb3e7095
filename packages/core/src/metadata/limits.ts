import { checkOptions, invalidConfig, UserMetaError } from "../errors.ts";
import { countCharacters, type JsonObject, pointerTo } from "./json.ts";
import { type Scope, type StoredRecord, scopes } from "./store.ts";

/** What may be changed about sizes; the rules on values are no options. */
export interface Limits {
  /** Unicode code points of a scope's compact JSON. @default 3000 each */
  readonly characters?: Readonly<Partial<Record<Scope, number>>>;
  /** Nested objects and arrays of a scope, itself included. @default 30 */
  readonly depth?: number;
  /** Bytes of a request body. @default 65536 */
  readonly bodyBytes?: number;
}

/** Limits with their defaults filled in. */
export interface ResolvedLimits {
  readonly characters: Readonly<Record<Scope, number>>;
  readonly depth: number;
  readonly bodyBytes: number;
}

/** Fills in the defaults. Throws `invalid_config` for a limit that the store or the body size cannot honour. */
export function resolveLimits(limits: Limits, maxRecordBytes: number): ResolvedLimits {
  checkOptions("limits", limits, ["characters", "depth", "bodyBytes"]);
  const { characters = {}, depth = 30, bodyBytes = 65_536 } = limits;
  checkOptions("limits.characters", characters, scopes);
  const sizes = { public: 3000, private: 3000, unsafe: 3000, ...characters };
  const named = { "limits.depth": depth, "limits.bodyBytes": bodyBytes };
  for (const scope of scopes) Object.assign(named, { [`limits.characters.${scope}`]: sizes[scope] });
  for (const [name, value] of Object.entries(named))
    if (!Number.isSafeInteger(value) || value < 2) throw invalidConfig(`${name} must be an integer of at least 2`);
  if (depth > 1000) throw invalidConfig("limits.depth must be at most 1000"); // JSON.stringify is recursive
  // A code point takes up to 4 bytes of UTF-8 on the wire, and up to 12 as stored: two escaped surrogates.
  const widest = Math.max(...Object.values(sizes));
  if (widest * 4 > bodyBytes)
    throw invalidConfig(`limits.bodyBytes must be at least ${widest * 4} to carry ${widest} characters of UTF-8`);
  const stored = (sizes.public + sizes.private + sizes.unsafe) * 12;
  if (stored > maxRecordBytes)
    throw invalidConfig(`limits.characters can need ${stored} bytes, and the store keeps ${maxRecordBytes} a record`);
  return { characters: sizes, depth, bodyBytes };
}

/** Throws `scope_too_large` for a result over its limit; one already over it may still shrink. */
export function checkSize(limits: ResolvedLimits, scope: Scope, document: JsonObject, before: JsonObject): void {
  const limit = limits.characters[scope];
  const size = countCharacters(document);
  if (size > limit && size >= countCharacters(before))
    throw new UserMetaError("scope_too_large", `the scope would have ${size} characters; ${limit} are allowed`, {
      pointer: pointerTo("", scope),
    });
}

/** Throws `scope_too_large` for a record that the store could not keep: one that vendors' clients have filled, say. */
export function checkRecordSize(record: StoredRecord, maxRecordBytes: number): void {
  const size = scopes.reduce((sum, scope) => sum + record[scope].json.length, 0); // stored text is ASCII
  if (size > maxRecordBytes)
    throw new UserMetaError(
      "scope_too_large",
      `the record would have ${size} bytes; the store keeps ${maxRecordBytes}`,
    );
}
