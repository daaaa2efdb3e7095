import { type ErrorCode, errorTable } from "@usermeta/core";

/** What operations refer to by name: schemas, parameters, headers, and one response per status of an error. */

const scope = { $ref: "#/components/schemas/Metadata" };
const version = {
  type: "integer",
  minimum: 0,
  description: "Grows by one with each write that changes something; 0 for a user nobody wrote about.",
};
const time = (description: string) => ({ type: ["string", "null"], format: "date-time", description });
const userId = {
  type: "string",
  minLength: 1,
  maxLength: 255,
  description: "Opaque; at most 255 bytes of UTF-8, compared byte for byte.",
  examples: ["ada"],
};
const object = (properties: Readonly<Record<string, object>>, optional: readonly string[] = []) => ({
  type: "object",
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
  properties,
  additionalProperties: false,
});
const changes = (scopes: readonly string[]) => object(Object.fromEntries(scopes.map((name) => [name, scope])), scopes);
const pointer = { type: "string", pattern: "^/(public|private|unsafe)", description: "JSON Pointer (RFC 6901)." };
const anyJson = { description: "Any JSON value." };
const page = {
  type: ["string", "null"],
  description: "Pass it as `cursor` for what follows; null at the end.",
};

export type SchemaName =
  | "Metadata"
  | "OwnRecord"
  | "UserRecord"
  | "OwnChanges"
  | "Changes"
  | "JsonPatch"
  | "Change"
  | "Difference"
  | "UserPage"
  | "Users"
  | "UserIds"
  | "ChangePage"
  | "UserExport"
  | "EventStream"
  | "IssuedToken"
  | "KeySet"
  | "Problem";

export const schemas: Readonly<Record<SchemaName, object>> = {
  Metadata: {
    type: "object",
    additionalProperties: true,
    description: "One scope: a JSON object of at most 3,000 characters, unless the server was told otherwise.",
    examples: [{ theme: "dark" }],
  },
  OwnRecord: object({ userId, public: scope, unsafe: scope, version, updatedAt: time("Of public and unsafe.") }),
  UserRecord: object({
    userId,
    public: scope,
    private: scope,
    unsafe: scope,
    version,
    etag: { type: "string", description: "For `If-Match`.", examples: ['"6359012a3c5256d2.1"'] },
    createdAt: time("When the user was first written about."),
    updatedAt: time("When the record last changed."),
  }),
  OwnChanges: { ...changes(["unsafe"]), examples: [{ unsafe: { theme: "dark" } }] },
  Changes: {
    ...changes(["public", "private", "unsafe"]),
    examples: [{ public: { plan: "pro" }, private: { credits: 3 } }],
  },
  JsonPatch: {
    type: "array",
    maxItems: 100,
    description: "RFC 6902. Every path begins with a scope that the route can write.",
    examples: [[{ op: "replace", path: "/unsafe/theme", value: "light" }]],
    items: {
      type: "object",
      required: ["op", "path"],
      properties: {
        op: { enum: ["add", "remove", "replace", "move", "copy", "test"] },
        path: pointer,
        from: pointer,
        value: anyJson,
      },
    },
  },
  Change: object(
    {
      id: { type: "string" },
      version: { type: "integer", minimum: 1, description: "The record's version after it." },
      at: { type: "string", format: "date-time" },
      kind: { enum: ["update", "replace", "patch", "clear", "import", "revert"] },
      actor: { type: "string", description: "`user:<id>`, `key:<name>`, or what the application said." },
      reason: { type: "string" },
      requestId: { type: "string" },
      changes: { type: "array", items: { $ref: "#/components/schemas/Difference" } },
    },
    ["reason", "requestId"],
  ),
  Difference: object(
    {
      path: pointer,
      from: { description: "The value before; absent: there was none." },
      to: { description: "The value after; absent: there is none." },
      masked: { const: true, description: "The values are not kept." },
      fromSize: { type: "integer", description: "Characters of a value too large to keep." },
      toSize: { type: "integer", description: "Characters of a value too large to keep." },
    },
    ["from", "to", "masked", "fromSize", "toSize"],
  ),
  UserPage: object({ users: { type: "array", items: { $ref: "#/components/schemas/UserRecord" } }, next: page }),
  Users: object({ users: { type: "array", items: { $ref: "#/components/schemas/UserRecord" } } }),
  UserIds: {
    ...object({ userIds: { type: "array", maxItems: 500, items: userId } }),
    examples: [{ userIds: ["ada", "grace"] }],
  },
  ChangePage: object({ changes: { type: "array", items: { $ref: "#/components/schemas/Change" } }, next: page }),
  UserExport: object({
    record: { $ref: "#/components/schemas/UserRecord" },
    history: { type: "array", items: { $ref: "#/components/schemas/Change" } },
  }),
  EventStream: {
    type: "string",
    description:
      "Server-Sent Events: `event: metadata`, an ETag as `id`, and an OwnRecord as `data`; at once, and after each change.",
  },
  IssuedToken: object({
    token: { type: "string", description: "A JWT that carries metadata, and its state as `mv`." },
    expiresAt: { type: "string", format: "date-time" },
  }),
  KeySet: object({ keys: { type: "array", items: { type: "object", description: "A JWK (RFC 7517)." } } }),
  Problem: {
    type: "object",
    required: ["type", "title", "status", "code"],
    description: "RFC 9457. It never repeats input.",
    properties: {
      type: { type: "string", format: "uri", examples: ["urn:usermeta:error:version_conflict"] },
      title: { type: "string" },
      status: { type: "integer" },
      code: { enum: Object.keys(errorTable), description: "Stable: a code never changes its meaning." },
      detail: { type: "string", description: "What was wrong." },
      pointer: { type: "string", description: "JSON Pointer to the part of the body that is at fault." },
    },
  },
};

const text = { type: "string" };
const header = (name: string, description: string, schema: object = text): Parameter => ({
  name,
  in: "header",
  description,
  schema,
});
const query = (name: string, description: string, schema: object): Parameter => ({
  name,
  in: "query",
  description,
  schema,
});

export type ParameterName =
  | "UserId"
  | "ChangeId"
  | "Scope"
  | "Limit"
  | "Cursor"
  | "Where"
  | "IfMatch"
  | "IfNoneMatch"
  | "IfAbsent"
  | "LastEventId"
  | "IdempotencyKey"
  | "Reason"
  | "RequestId";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly description: string;
  readonly schema: object;
  readonly required?: true;
}

export const parameters: Readonly<Record<ParameterName, Parameter>> = {
  UserId: { name: "id", in: "path", required: true, description: "Percent-encoded.", schema: userId },
  ChangeId: { name: "changeId", in: "path", required: true, description: "`id` of a change.", schema: text },
  Scope: query("scope", "Clears this scope only.", { enum: ["public", "private", "unsafe"] }),
  Limit: query("limit", "How many at most.", { type: "integer", minimum: 1, maximum: 500, default: 50 }),
  Cursor: query("cursor", "`next` of the page before, unchanged.", text),
  Where: query(
    "where",
    "JSON: up to 8 terms on `scope.key.key`, all of which must hold. A term is a scalar or one of `in`, `gt`, `gte`, `lt`, `lte`, `exists`. The path must be indexed by the store.",
    { type: "string", contentMediaType: "application/json", examples: ['{"public.plan":"pro"}'] },
  ),
  IfMatch: header("If-Match", "Writes only if the record is at one of these ETags, or was ever written (`*`)."),
  IfNoneMatch: header("If-None-Match", "Answers 304 if the record is still at one of these ETags."),
  IfAbsent: header("If-None-Match", "`*`: writes only if these scopes were never written.", { const: "*" }),
  LastEventId: header("Last-Event-ID", "The ETag that the client has: the stream begins with the next one."),
  IdempotencyKey: header("Idempotency-Key", "The same request with the same key happens once.", {
    type: "string",
    pattern: "^[!-~]{1,255}$",
  }),
  Reason: header("Usermeta-Reason", "Why, for the change log.", { type: "string", maxLength: 200 }),
  RequestId: header("X-Request-Id", "Kept in the change log.", { type: "string", maxLength: 200 }),
};

export const headers: Readonly<Record<string, object>> = {
  ETag: { description: "The record's version, for `If-Match` and `If-None-Match`.", schema: text },
  "Idempotency-Replayed": { description: "`true`: this key was used before, and nothing was written.", schema: text },
  "Retry-After": { description: "Seconds after which another try makes sense.", schema: { type: "integer" } },
  "WWW-Authenticate": { description: "The challenge (RFC 6750).", schema: text },
};

const headersOf: Readonly<Record<number, string>> = { 401: "WWW-Authenticate", 429: "Retry-After", 503: "Retry-After" };

/** One per status, made from the table of errors; named `Error401`. */
export const errorResponses: Readonly<Record<string, object>> = Object.fromEntries(
  [...new Set(Object.values(errorTable).map(([status]) => status))].map((status) => {
    const codes = (Object.keys(errorTable) as ErrorCode[]).filter((code) => errorTable[code][0] === status);
    const name = headersOf[status];
    return [
      `Error${status}`,
      {
        description: codes.map((code) => `\`${code}\`: ${errorTable[code][1]}`).join("; "),
        ...(name !== undefined && { headers: { [name]: { $ref: `#/components/headers/${name}` } } }),
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    ];
  }),
);
