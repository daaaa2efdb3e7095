import type { ParameterName, SchemaName } from "./components.ts";

/** What a row of a route table does. */
export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: "own" | "admin";
  readonly parameters?: readonly ParameterName[];
  /** Schemas by media type. */
  readonly body?: Readonly<Record<string, SchemaName>>;
  /** Schema of the 200 answer; without one the operation answers 204. */
  readonly answer?: SchemaName;
  /** Media type of the 200 answer. @default "application/json" */
  readonly type?: string;
  /** Needs no credentials. */
  readonly isOpen?: true;
  /** Whether the 200 answer carries an ETag. */
  readonly etag?: boolean;
  /** Statuses beside 200 and 204. */
  readonly others: readonly number[];
}

const conditions = ["IfMatch", "IfAbsent", "IdempotencyKey", "Reason", "RequestId"] as const;
const own = { tag: "own", answer: "OwnRecord", etag: true } as const;
const admin = { tag: "admin" } as const;
const record = { ...admin, answer: "UserRecord", etag: true } as const;
const denied = [400, 401, 403, 503];
const adminDenied = [...denied, 429];
const written = [409, 412, 422];
const withBody = [413, 415];
const patchOf = (changes: "OwnChanges" | "Changes") =>
  ({
    "application/json": changes,
    "application/merge-patch+json": changes,
    "application/json-patch+json": "JsonPatch",
  }) as const;
const merges =
  "`application/json` replaces root keys, and removes those that are null; `application/merge-patch+json` merges deeply (RFC 7396); `application/json-patch+json` applies operations (RFC 6902). Only the scopes that are named change, all or none.";

/**
 * The native API, by the rows of its route tables. A row without a description fails the tests, and so does a description
 * without a row.
 */
export const operations: Readonly<Record<string, Operation>> = {
  "GET /me/metadata": {
    ...own,
    operationId: "getOwnMetadata",
    summary: "Read one's own metadata",
    description: "`public` and `unsafe` of the user whose session it is.",
    parameters: ["IfMatch", "IfNoneMatch"],
    others: [304, ...denied, 412],
  },
  "PATCH /me/metadata": {
    ...own,
    operationId: "updateOwnMetadata",
    summary: "Change one's own `unsafe` metadata",
    description: merges,
    parameters: conditions,
    body: patchOf("OwnChanges"),
    others: [...denied, ...withBody, ...written],
  },
  "PUT /me/metadata": {
    ...own,
    operationId: "replaceOwnMetadata",
    summary: "Replace one's own `unsafe` metadata",
    description: "With `If-None-Match: *` only if it was never written, as at sign-up.",
    parameters: conditions,
    body: { "application/json": "OwnChanges" },
    others: [...denied, ...withBody, ...written],
  },
  "DELETE /me/metadata": {
    ...own,
    operationId: "clearOwnMetadata",
    summary: "Empty one's own `unsafe` metadata",
    parameters: conditions,
    others: [...denied, ...written],
  },
  "GET /me/metadata/events": {
    tag: "own",
    operationId: "watchOwnMetadata",
    summary: "Hear of changes to one's own metadata",
    description:
      "The stream ends with the session. Clients with a bearer token read it with `fetch`, not with EventSource.",
    parameters: ["LastEventId"],
    answer: "EventStream",
    type: "text/event-stream",
    others: denied,
  },
  "POST /me/token": {
    tag: "own",
    operationId: "issueToken",
    summary: "Exchange one's session for a token that carries metadata",
    answer: "IssuedToken",
    others: [...denied, 422],
  },
  "GET /.well-known/jwks.json": {
    tag: "own",
    operationId: "getKeySet",
    summary: "Read the keys that verify these tokens",
    isOpen: true,
    answer: "KeySet",
    type: "application/jwk-set+json",
    others: [],
  },
  "GET /admin/users/{id}/metadata": {
    ...record,
    operationId: "getMetadata",
    summary: "Read a user's metadata",
    description: "All three scopes; a user nobody wrote about has version 0 and empty scopes.",
    parameters: ["UserId", "IfMatch", "IfNoneMatch"],
    others: [304, ...adminDenied, 412],
  },
  "PATCH /admin/users/{id}/metadata": {
    ...record,
    operationId: "updateMetadata",
    summary: "Change a user's metadata",
    description: merges,
    parameters: ["UserId", ...conditions],
    body: patchOf("Changes"),
    others: [...adminDenied, ...withBody, ...written],
  },
  "PUT /admin/users/{id}/metadata": {
    ...record,
    operationId: "replaceMetadata",
    summary: "Replace scopes of a user's metadata",
    description: "Each scope that is named becomes what the body says; the others stay.",
    parameters: ["UserId", ...conditions],
    body: { "application/json": "Changes" },
    others: [...adminDenied, ...withBody, ...written],
  },
  "DELETE /admin/users/{id}/metadata": {
    ...record,
    operationId: "clearMetadata",
    summary: "Empty a user's metadata",
    description: "The record and its history stay.",
    parameters: ["UserId", "Scope", ...conditions],
    others: [...adminDenied, ...written],
  },
  "DELETE /admin/users/{id}": {
    ...admin,
    operationId: "eraseUser",
    summary: "Erase everything about a user",
    description: "Record and history, for good.",
    parameters: ["UserId"],
    others: adminDenied,
  },
  "GET /admin/users/{id}/history": {
    ...admin,
    operationId: "getHistory",
    summary: "Read a user's change log, newest first",
    parameters: ["UserId", "Limit", "Cursor"],
    answer: "ChangePage",
    others: adminDenied,
  },
  "POST /admin/users/{id}/history/{changeId}/revert": {
    ...record,
    operationId: "revertChange",
    summary: "Undo one change",
    parameters: ["UserId", "ChangeId", ...conditions],
    others: [...adminDenied, 404, ...written],
  },
  "GET /admin/users/{id}/export": {
    ...admin,
    operationId: "exportUser",
    summary: "Export everything held about a user",
    parameters: ["UserId"],
    answer: "UserExport",
    others: adminDenied,
  },
  "GET /admin/users": {
    ...admin,
    operationId: "listUsers",
    summary: "List or search users",
    parameters: ["Where", "Limit", "Cursor"],
    answer: "UserPage",
    others: [...adminDenied, 501],
  },
  "POST /admin/users/metadata": {
    ...admin,
    operationId: "getManyMetadata",
    summary: "Read many users' metadata at once",
    description: "In the order asked for.",
    body: { "application/json": "UserIds" },
    answer: "Users",
    others: [...adminDenied, ...withBody],
  },
};
