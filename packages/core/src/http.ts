import { type ErrorCode, errorTable, UserMetaError } from "./errors.ts";
import { stringify } from "./metadata/json.ts";

/** Header bags as frameworks hold them: Node's lower-cased record, or anything with a case-insensitive `get`. */
export type RequestHeaders = Readonly<Record<string, unknown>> | { get(name: string): string | null | undefined };

/**
 * What a session is verified from. The request of every supported framework already is one, structurally:
 * there is no wrapper class, and no web `Request` on the Node path.
 */
export interface SessionRequest {
  readonly method?: string | undefined;
  readonly headers: RequestHeaders;
  /** Node's flat list of names and values as received; shows repeated lines that `headers` hides. */
  readonly rawHeaders?: readonly string[] | undefined;
}

/** A request to one of the ready-made routes. */
export interface HttpRequest extends SessionRequest {
  readonly method: string;
  /** Request target after the mount prefix, undecoded, query included, e.g. `"/me/metadata?x=1"`. */
  readonly url: string;
  /**
   * Whatever the framework has: the raw bytes or text, the unread stream, or the parsed value. A parsed value can no
   * longer tell duplicate keys or the text of numbers, so bindings prefer the others.
   */
  readonly body?: unknown;
  /** Aborted when the client goes away. */
  readonly signal?: AbortSignal | undefined;
}

/** What a binding sends back, verbatim. Header names are lower-case. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | AsyncIterable<string>;
}

/** One table of routes, e.g. {@link metadataRoutes}; any binding mounts it. */
export interface Routes {
  /** The routes as data, for routers and for documentation. `{name}` is one path segment. */
  readonly table: readonly { readonly method: string; readonly path: string }[];
  /** Answers a request, or is `undefined` when no path matches. Rejects only on errors that are not ours. */
  handle(request: HttpRequest): Promise<HttpResponse> | undefined;
}

/** One header's value; repeated lines are joined as RFC 9110 section 5.3 says. */
export function header({ headers }: SessionRequest, name: string): string | undefined {
  const value =
    typeof headers.get === "function" ? headers.get(name) : (headers as Readonly<Record<string, unknown>>)[name];
  if (typeof value === "string") return value;
  return Array.isArray(value) ? value.join(", ") : undefined;
}

const noStore = {
  "cache-control": "no-store",
  vary: "authorization, cookie, origin",
  "x-content-type-options": "nosniff",
} as const;

/** An answer that depends on a session: JSON text, never stored by a cache. The text must be ASCII, as core writes it. */
export function jsonResponse(status: number, text: string, headers?: Readonly<Record<string, string>>): HttpResponse {
  return {
    status,
    headers: { "content-type": "application/json", "content-length": String(text.length), ...noStore, ...headers },
    body: text,
  };
}

/** An answer that goes on, never stored by a cache and never held back by a proxy. */
export function streamResponse(type: string, body: AsyncIterable<string>): HttpResponse {
  return { status: 200, headers: { "content-type": type, "x-accel-buffering": "no", ...noStore }, body };
}

/** An answer without a body, e.g. 204 or 304. */
export function emptyResponse(status: number, headers?: Readonly<Record<string, string>>): HttpResponse {
  return { status, headers: { ...noStore, ...headers }, body: "" };
}

/** Answers by their errors: what a bad token is refused with is made once. */
const answers = new WeakMap<UserMetaError, HttpResponse>();

/** The answer an error stands for (RFC 9457), with its challenge (RFC 6750 section 3). Rethrows what is not ours. */
export function errorResponse(error: unknown): HttpResponse {
  if (!(error instanceof UserMetaError)) throw error;
  const answer = answers.get(error) ?? toResponse(error);
  answers.set(error, answer);
  return answer;
}

function toResponse(error: UserMetaError): HttpResponse {
  const { code, status, message: detail, pointer } = error;
  const [, title] = errorTable[code];
  const headers: Record<string, string> = { "content-type": "application/problem+json" };
  if (status === 401 || code === "insufficient_scope") headers["www-authenticate"] = challenge(code);
  if (status === 503) headers["retry-after"] = "1";
  const problem = { type: `urn:usermeta:error:${code}`, title, status, code, detail, pointer };
  const response = jsonResponse(status, stringify(problem), { ...headers, ...error.headers });
  return { ...response, headers: Object.freeze(response.headers) };
}

/** `WWW-Authenticate`; the error attribute is absent when no credentials came (RFC 6750 section 3.1). */
function challenge(code: ErrorCode): string {
  if (code === "session_required") return 'Bearer realm="usermeta"';
  const error = code === "insufficient_scope" ? code : "invalid_token";
  return `Bearer realm="usermeta", error="${error}", error_description="${errorTable[code][1]}"`;
}
