import { type HttpResponse, UserMetaError } from "@usermeta/core";

const common = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

/** JSON as the core prints it, with a line feed behind it. The text must be ASCII. */
export const json = (body: string): HttpResponse => respond(200, "application/json; charset=UTF-8", body);

/** What is no JSON is text, errors above all. */
export const text = (status: number, body: string, headers?: Readonly<Record<string, string>>): HttpResponse =>
  respond(status, "text/html; charset=UTF-8", body, headers);

function respond(status: number, type: string, body: string, headers?: Readonly<Record<string, string>>): HttpResponse {
  const length = String(body.length + 1);
  return {
    status,
    headers: { "content-type": type, "content-length": length, ...common, ...headers },
    body: `${body}\n`,
  };
}

/** Values that cannot be kept exactly are refused, in the words that the core has for what it cannot read. */
const unreadable = [
  "invalid_json",
  "duplicate_key",
  "forbidden_key",
  "invalid_number",
  "invalid_string",
  "invalid_value",
  "too_deep",
  "key_too_long",
];

/** The answer an error stands for: its status and its message as text. Rethrows what is not ours. */
export function showError(error: unknown): HttpResponse {
  if (!(error instanceof UserMetaError)) throw error;
  if (unreadable.includes(error.code)) return text(400, "Invalid Json Input");
  return text(error.status, error.message, { ...(error.status === 503 && { "retry-after": "1" }), ...error.headers });
}
