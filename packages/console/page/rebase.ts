import {
  type Difference,
  differences,
  isEqual,
  type Json,
  parsePointer,
  type Scope,
  scopes,
  valueAt,
} from "@usermeta/core/json";

/** The three documents of a user. */
export type Documents = Readonly<Record<Scope, Json>>;

/** A place that two people changed in two ways. */
export interface Conflict {
  readonly path: string;
  /** Absent members are undefined. */
  readonly before: Json | undefined;
  readonly theirs: Json | undefined;
  readonly mine: Json | undefined;
}

/** What two people made of the same documents. */
export interface Rebase {
  readonly theirs: readonly Difference[];
  readonly mine: readonly Difference[];
  readonly conflicts: readonly Conflict[];
}

/** Compares two sets of changes to the same documents; objects are compared member by member, arrays are whole. */
export function compare(before: Documents, theirs: Documents, mine: Documents): Rebase {
  const [their, my] = [changes(before, theirs), changes(before, mine)];
  const paths = my.flatMap(({ path }) =>
    their.filter((one) => isAbove(one.path, path) || isAbove(path, one.path)).map((one) => shorter(one.path, path)),
  );
  const conflicts = [...new Set(paths)]
    .map((path) => ({ path, before: at(before, path), theirs: at(theirs, path), mine: at(mine, path) }))
    .filter((one) => !same(one.theirs, one.mine));
  return { theirs: their, mine: my, conflicts };
}

/**
 * Their documents with my changes in them. Where both changed a place, mine is taken if it is among `chosen`.
 *
 * @param chosen paths of conflicts
 */
export function rebase(theirs: Documents, mine: Documents, compared: Rebase, chosen: ReadonlySet<string>): Documents {
  const result = structuredClone(theirs);
  const free = compared.mine.filter(
    ({ path }) => !compared.theirs.some((one) => isAbove(one.path, path) || isAbove(path, one.path)),
  );
  for (const { path, to } of free) set(result, path, to);
  for (const path of chosen) set(result, path, at(mine, path));
  return result;
}

const changes = (before: Documents, after: Documents): readonly Difference[] =>
  scopes.flatMap((scope) => differences(before[scope], after[scope], `/${scope}`));

/** Whether a path is another, or leads to it. */
const isAbove = (path: string, other: string): boolean => `${other}/`.startsWith(`${path}/`);
const shorter = (a: string, b: string): string => (a.length < b.length ? a : b);
const at = (documents: Documents, path: string): Json | undefined => valueAt(documents, parsePointer(path) ?? []);
const same = (a: Json | undefined, b: Json | undefined): boolean =>
  a === undefined || b === undefined ? a === b : isEqual(a, b);

/** Sets or removes a member, whose parents are objects in both versions: only below such do changes differ. */
function set(documents: Documents, path: string, value: Json | undefined): void {
  const tokens = parsePointer(path) ?? [];
  const parent = valueAt(documents, tokens.slice(0, -1)) as Record<string, Json>;
  const key = tokens.at(-1) ?? "";
  if (value === undefined) delete parent[key];
  else parent[key] = value;
}
