import { type Edit, type JsonObject, type Scope, scopes, UserMetaError } from "@usermeta/core";

/**
 * A vendor's limit of each scope, in place of the application's; one already over it may still shrink. Throws
 * `scope_too_large` with a pointer to the first scope over it.
 *
 * @param measure the size of a document as the vendor counts it
 * @param explain the vendor's words, for the scopes over the limit
 */
export function sizeRule(
  limit: number,
  measure: (document: JsonObject) => number,
  explain: (oversized: readonly Scope[]) => string,
): NonNullable<Edit["checkSizes"]> {
  return (changed, before) => {
    const oversized = scopes.filter((scope) => {
      const size = measure(changed[scope] ?? {});
      return size > limit && size >= measure(before[scope]);
    });
    if (oversized.length > 0)
      throw new UserMetaError("scope_too_large", explain(oversized), { pointer: `/${oversized[0]}` });
  };
}
