import { type Edit, type Json, type JsonObject, type Scope, scopes } from "@usermeta/core";
import { countCodePoints, isObject, toJson, toObject } from "@usermeta/core/routes";
import { sizeRule } from "../sizes.ts";

/** Code points of a type's stored JSON. */
const maxCharacters = 3000;

/**
 * A patch as Hanko applies it (evanphx/json-patch 5): RFC 7396, but that null members of objects inside arrays are
 * dropped, too; nulls that are elements of arrays stay. A whole scope that is `null` is emptied.
 *
 * @param patch a patch of each scope, not yet checked
 * @param depth how deeply a scope may be nested
 */
export function patchEdit(patch: { readonly [S in Scope]?: unknown }, depth: number): Edit {
  const checked = toObject(toJson(patch, depth + 1), "");
  return {
    kind: "update",
    request: ["hanko", checked],
    scopes: Object.keys(checked) as Scope[],
    checkSizes,
    apply: (current) => {
      const patched = scopes.flatMap((scope) => {
        const change = checked[scope];
        return change === undefined ? [] : [[scope, isObject(change) ? merge(current[scope], change) : {}] as const];
      });
      return Object.fromEntries(patched);
    },
  };
}

function merge(target: Json | undefined, patch: JsonObject): JsonObject {
  const result = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [key, value] of Object.entries(patch))
    if (value === null) result.delete(key);
    else result.set(key, isObject(value) ? merge(result.get(key), value) : prune(value));
  return Object.fromEntries(result);
}

/** What is new in a document, without the null members of its objects (`pruneNulls`). */
function prune(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => prune(item as Json));
  return isObject(value) ? merge(undefined, value) : value;
}

/** Counted as Go stores them: `<`, `>`, `&`, U+2028 and U+2029 are six characters each. */
const checkSizes = sizeRule(
  maxCharacters,
  (document) => countCodePoints(JSON.stringify(document).replace(/[<>&\u2028\u2029]/g, "\\u0000")),
  (oversized) =>
    `metadata limit exceeded: ${oversized
      .map((scope) => `${scope} metadata must not exceed ${maxCharacters} characters`)
      .join(", ")}`,
);
