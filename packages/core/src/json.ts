/**
 * What core knows of JSON documents, for code that shows or edits them; it runs in browsers, too.
 *
 * @module
 */
export { type ErrorCode, errorTable, UserMetaError } from "./errors.ts";
export { type Difference, differences } from "./metadata/change.ts";
export { countCharacters, isEqual, isObject, type Json, type JsonObject, pointerTo } from "./metadata/json.ts";
export { checkSize, type ResolvedLimits } from "./metadata/limits.ts";
export { parsePointer, valueAt } from "./metadata/pointer.ts";
export { parseJson } from "./metadata/scanner.ts";
export { type Scope, scopes } from "./metadata/store.ts";
export { checkUserId } from "./metadata/user-id.ts";
export { toJson, toObject } from "./metadata/value.ts";
