import { UserMetaError } from "../errors.ts";
import { emptyResponse, errorResponse, type HttpRequest, type HttpResponse, header, type Routes } from "../http.ts";
import { isPromise, type MaybePromise } from "../maybe-promise.ts";
import { discard } from "./body.ts";

/** One row of a table. `path` is matched literally, segment by segment; `{name}` takes one segment. */
export interface Route {
  readonly method: "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
  readonly path: string;
  readonly handle: (request: HttpRequest, target: Target) => MaybePromise<HttpResponse>;
}

/** Where a request points to. Nothing is decoded before the credentials are checked. */
export interface Target {
  /** The segment that `{name}` took, percent-encoded as it came. */
  readonly segment: (name: string) => string;
  /** The query, decoded. Throws `invalid_query`. */
  readonly query: (allowed: readonly string[]) => ReadonlyMap<string, string>;
}

/** Who may call from another origin. */
export interface Cors {
  readonly origins: readonly string[];
  /** Whether browsers may send cookies along. */
  readonly credentials: boolean;
}

/**
 * Makes a table of routes: matching, HEAD, OPTIONS, 405, CORS, and errors as answers.
 *
 * @param showError the answer that an error stands for; rethrows what it does not know
 */
export function createRoutes(
  cors: Cors,
  table: readonly Route[],
  showError: (error: unknown) => HttpResponse = errorResponse,
): Routes {
  const patterns = table.map((route) => ({ route, segments: route.path.split("/") }));

  function respond(
    request: HttpRequest,
    path: readonly string[],
    query: string,
  ): MaybePromise<HttpResponse> | undefined {
    const matches = patterns.filter(({ segments }) => isMatch(segments, path));
    if (matches.length === 0) return undefined;
    const method = request.method === "HEAD" ? "GET" : request.method;
    const match = matches.find(({ route }) => route.method === method);
    if (match !== undefined) return match.route.handle(request, toTarget(match.segments, path, query));
    const allow = allowed(matches.map(({ route }) => route.method));
    if (method === "OPTIONS") return emptyResponse(204, { allow, ...preflight(request, allow) });
    throw new UserMetaError("method_not_allowed", `use ${allow}`, { headers: { allow } });
  }

  /** Headers for a preflight request (Fetch standard, section 3.3). The list is fixed, never an echo of the request. */
  function preflight(request: HttpRequest, allow: string): Record<string, string> {
    if (!isAllowed(request) || header(request, "access-control-request-method") === undefined) return {};
    return {
      "access-control-allow-methods": allow,
      "access-control-allow-headers":
        "authorization, content-type, if-match, if-none-match, idempotency-key, last-event-id, usermeta-reason, x-request-id",
      "access-control-max-age": "7200",
    };
  }

  function isAllowed(request: HttpRequest): boolean {
    const origin = header(request, "origin");
    return origin !== undefined && cors.origins.includes(origin);
  }

  function finish(request: HttpRequest, response: HttpResponse): MaybePromise<HttpResponse> {
    if (response.status < 400) return dress(request, response);
    return discard(request.body).then(() => dress(request, response));
  }

  /** Errors carry CORS headers too: without them a browser hides a 401 from the page. */
  function dress(request: HttpRequest, response: HttpResponse): HttpResponse {
    const { status, headers, body } = response;
    if (!isAllowed(request)) return request.method === "HEAD" ? { status, headers, body: "" } : response;
    const allowing = {
      "access-control-allow-origin": header(request, "origin") as string,
      "access-control-expose-headers": "etag, idempotency-replayed, retry-after, www-authenticate",
      ...(cors.credentials && { "access-control-allow-credentials": "true" }),
    };
    return { status, headers: { ...headers, ...allowing }, body: request.method === "HEAD" ? "" : body };
  }

  async function refuse(request: HttpRequest, error: unknown): Promise<HttpResponse> {
    return finish(request, showError(error));
  }

  return {
    table: table.map(({ method, path }) => ({ method, path })),
    handle: (request) => {
      const [path, query] = splitOnce(request.url, "?");
      try {
        const answer = respond(request, path.split("/"), query);
        if (answer === undefined) return undefined;
        if (!isPromise(answer)) return Promise.resolve(finish(request, answer));
        return answer.then(
          (response) => finish(request, response),
          (error) => refuse(request, error),
        );
      } catch (error) {
        return refuse(request, error);
      }
    },
  };
}

function isMatch(pattern: readonly string[], path: readonly string[]): boolean {
  return (
    pattern.length === path.length && pattern.every((segment, i) => segment.startsWith("{") || segment === path[i])
  );
}

function allowed(methods: readonly string[]): string {
  return [...methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])), "OPTIONS"].join(", ");
}

function toTarget(pattern: readonly string[], path: readonly string[], query: string): Target {
  return {
    segment: (name) => path[pattern.indexOf(`{${name}}`)] ?? "",
    query: (names) => parseQuery(query, names),
  };
}

/** Strict: every name must be known and given once, and the encoding must be UTF-8. */
function parseQuery(query: string, names: readonly string[]): ReadonlyMap<string, string> {
  const result = new Map<string, string>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const [name, value] = splitOnce(pair, "=").map(decode) as [string, string];
    if (!names.includes(name)) throw invalidQuery(`the query can name ${names.join(", ")}`);
    if (result.has(name)) throw invalidQuery(`the query can name ${name} once`);
    result.set(name, value);
  }
  return result;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw invalidQuery("the query must be percent-encoded UTF-8");
  }
}

const invalidQuery = (message: string): UserMetaError => new UserMetaError("invalid_query", message);

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
