import { emptyResponse, type HttpRequest, type HttpResponse, jsonResponse } from "../http.ts";
import { stringify } from "../metadata/json.ts";
import { createdAtOf, etagOf, ownScopes, updatedAtOf, versionOf } from "../metadata/record.ts";
import { type Scope, type StoredRecord, scopes } from "../metadata/store.ts";
import { checkIfMatch } from "../metadata/write-options.ts";
import type { Written } from "../metadata/writer.ts";
import { readConditions } from "./headers.ts";

/** What an answer shows of a record: its text, and the scopes that its ETag speaks about. */
export interface View {
  readonly seen: readonly Scope[];
  readonly toText: (record: StoredRecord) => string;
}

/** What users see of themselves. A write to `private` shows nowhere in it. */
export const ownView: View = {
  seen: ownScopes,
  toText: (record) =>
    `{"userId":${stringify(record.userId)},"public":${record.public.json},"unsafe":${record.unsafe.json}` +
    `,"version":${versionOf(record, ownScopes)},"updatedAt":${stringify(updatedAtOf(record, ownScopes))}}`,
};

/** What the admin routes show: everything. */
export const adminView: View = {
  seen: scopes,
  toText: (record) =>
    `{"userId":${stringify(record.userId)},"public":${record.public.json},"private":${record.private.json}` +
    `,"unsafe":${record.unsafe.json},"version":${record.version},"etag":${stringify(etagOf(record))}` +
    `,"createdAt":${stringify(createdAtOf(record))},"updatedAt":${stringify(updatedAtOf(record))}}`,
};

/** A read's answer: 200, or 304 when the client has it already. */
export function showRecord(request: HttpRequest, record: StoredRecord, { seen, toText }: View): HttpResponse {
  const { ifMatch, ifNoneMatch } = readConditions(request);
  if (ifMatch !== undefined) checkIfMatch(record, { ifMatch, seen });
  const etag = etagOf(record, seen);
  return ifNoneMatch(etag) ? emptyResponse(304, { etag }) : jsonResponse(200, toText(record), { etag });
}

/** A write's answer: the same view as a read's. */
export function showWritten({ record, replayed }: Written, { seen, toText }: View): HttpResponse {
  const etag = etagOf(record, seen);
  return jsonResponse(200, toText(record), { etag, ...(replayed && { "idempotency-replayed": "true" }) });
}
