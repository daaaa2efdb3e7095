import { type ErrorCode, type HttpResponse, UserMetaError } from "@usermeta/core";
import { jsonResponse, stringify } from "@usermeta/core/routes";

/** What a body was refused for; Hanko shows it as echo formats it. */
const inBody: readonly ErrorCode[] = [
  "invalid_json",
  "duplicate_key",
  "forbidden_key",
  "invalid_number",
  "invalid_string",
  "invalid_value",
  "not_an_object",
  "too_deep",
  "key_too_long",
];

/** Statuses and messages that are not ours. */
const rows: { readonly [C in ErrorCode]?: readonly [status: number, message: string] } = {
  invalid_user_id: [400, "invalid user id"],
  not_found: [404, "user not found"],
  method_not_allowed: [405, "Method Not Allowed"],
  body_too_large: [413, "Request Entity Too Large"],
  unsupported_media_type: [415, "Unsupported Media Type"],
  too_many_attempts: [429, "Too Many Requests"],
};

/** The answer an error stands for, as Hanko's error handler writes it. Rethrows what is not ours. */
export function showError(error: unknown): HttpResponse {
  if (!(error instanceof UserMetaError)) throw error;
  const [status, message] = rowOf(error);
  return jsonResponse(status, stringify({ code: status, message }), {
    ...(status === 503 && { "retry-after": "1" }),
    ...error.headers,
  });
}

function rowOf({ code, status, message }: UserMetaError): readonly [status: number, message: string] {
  if (inBody.includes(code)) return [400, `code=400, message=${message}, internal=${message}`];
  if (status === 401) return [401, "Unauthorized"];
  if (status === 422) return [400, message];
  return rows[code] ?? [status, message];
}
