import { type ErrorCode, type HttpResponse, type Scope, UserMetaError } from "@usermeta/core";
import { jsonResponse, stringify } from "@usermeta/core/routes";

/** Clerk's names of the scopes. */
export const fields: Readonly<Record<string, Scope>> = {
  public_metadata: "public",
  private_metadata: "private",
  unsafe_metadata: "unsafe",
};

type Row = readonly [status: number, code: string, message: string, longMessage?: string];

const invalidValue: Row = [422, "form_param_value_invalid", "is invalid"];

/** Clerk's answer to each of our errors (`data/api_errors.json` of its documentation). */
const rows: { readonly [C in ErrorCode]?: Row } = {
  session_required: [
    401,
    "authorization_header_format_invalid",
    "Invalid Authorization header format",
    "Invalid Authorization header format. Must be 'Bearer <YOUR_API_KEY>'",
  ],
  admin_key_invalid: [
    401,
    "clerk_key_invalid",
    "The provided Clerk Secret Key is invalid. Make sure that your Clerk Secret Key is correct.",
  ],
  invalid_json: [400, "request_body_invalid", "Request body invalid"],
  duplicate_key: [400, "request_body_invalid", "Request body invalid"],
  invalid_number: [400, "request_body_invalid", "Request body invalid"],
  invalid_request: [400, "malformed_request_parameters", "Malformed request parameters"],
  invalid_query: [400, "malformed_request_parameters", "Malformed request parameters"],
  not_supported: [400, "api_version_invalid", "is invalid"],
  body_too_large: [413, "request_body_too_large", "Request body too large"],
  unsupported_media_type: [415, "unsupported_content_type", "Unsupported content type"],
  unknown_member: [422, "form_param_unknown", "is unknown"],
  not_an_object: invalidValue,
  forbidden_key: invalidValue,
  invalid_string: invalidValue,
  invalid_value: invalidValue,
  too_deep: invalidValue,
  key_too_long: invalidValue,
  schema_mismatch: invalidValue,
  scope_too_large: [422, "form_param_exceeds_allowed_size", "exceeds allowed size"],
  not_found: [404, "resource_not_found", "not found"],
  invalid_user_id: [404, "resource_not_found", "not found", "No user was found with that id"],
  too_many_attempts: [429, "too_many_requests", "Too many requests", "Too many requests. Please try again in a bit."],
  write_contention: [
    409,
    "resource_locked",
    "resource busy",
    "This resource is currently being modified by another request. Please try again.",
  ],
};

/** The answer an error stands for, in Clerk's shape. Rethrows what is not ours. */
export function showError(error: unknown): HttpResponse {
  if (!(error instanceof UserMetaError)) throw error;
  const [status, code, message, longMessage = error.message] = rows[error.code] ?? [
    error.status,
    error.code,
    error.message,
  ];
  const parameter = parameterOf(error.pointer);
  const meta = parameter === undefined ? {} : { param_name: parameter };
  return jsonResponse(status, stringify({ errors: [{ code, message, long_message: longMessage, meta }] }), {
    ...(status === 503 && { "retry-after": "1" }),
    ...error.headers,
  });
}

/** The parameter that a pointer leads into, by Clerk's name. */
function parameterOf(pointer = ""): string | undefined {
  const [, first] = pointer.split("/");
  return Object.keys(fields).find((field) => fields[field] === first) ?? first;
}
