import { type ClientErrorCode, UserMetaClientError } from "./error.ts";

type Maybe<T> = T | null | undefined;

/** Gives the session token, or none where a cookie is the session. `refresh`: the last one was too old. */
export type TokenProvider = (options: { readonly refresh: boolean }) => Maybe<string> | Promise<Maybe<string>>;

/** How requests are made. */
export interface RequestOptions {
  /** Where the routes are mounted. @default "/usermeta" */
  readonly url?: string | undefined;
  /**
   * Asked for the session token before each request; without it the session is a cookie. Asked with `refresh: true`, once,
   * after `token_expired` or `token_stale`: get a new token then, or have the cookie renewed.
   *
   * ```ts
   * token: ({ refresh }) => auth.getToken({ skipCache: refresh })
   * ```
   */
  readonly token?: TokenProvider | undefined;
  /** `"include"` sends cookies to another origin. @default "same-origin" */
  readonly credentials?: RequestCredentials | undefined;
  /** How often a request is repeated that was answered with 502, 503, 504 or not at all; 5 times take about 8 s. @default 5 */
  readonly retries?: number | undefined;
  /** @default globalThis.fetch */
  readonly fetch?: typeof globalThis.fetch | undefined;
}

/** One request. Headers without a value are left out. */
export interface Sending {
  readonly method?: string;
  readonly body?: string | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly signal?: AbortSignal;
  readonly retries?: number;
}

/** Resolves with what `read` makes of a good answer, 304 included; rejects with {@link UserMetaClientError}. */
export type Send = <T>(path: string, sending: Sending, read: (response: Response) => T | Promise<T>) => Promise<T>;

/** Milliseconds for an answer to begin. */
const patience = 30_000;
/** Milliseconds that `Retry-After` may ask for at most. */
const mostPatience = 600_000;
/** Bytes that browsers still send while a page is closed: 64 KiB, in characters of up to three bytes. */
const keptAlive = 20_000;

/** Requests with the session, its refreshing, and repetitions. */
export function createSend({
  url = "/usermeta",
  token,
  credentials = "same-origin",
  retries = 5,
  fetch,
}: RequestOptions): Send {
  let refreshes = 0;
  let refreshing: Promise<unknown> | undefined;

  /** Gets a new token, once for all requests that found the old one refused. */
  const refresh = (): Promise<unknown> =>
    (refreshing ??= (async () => token?.({ refresh: true }))().finally(() => {
      refreshes++;
      refreshing = undefined;
    }));

  async function attempt(path: string, { method = "GET", body, headers = {}, signal }: Sending): Promise<Response> {
    await refreshing;
    const bearer = await token?.({ refresh: false });
    const all = Object.entries({ ...headers, authorization: bearer && `Bearer ${bearer}` });
    const controller = new AbortController();
    const abort = (): void => controller.abort();
    if (signal?.aborted) abort();
    signal?.addEventListener("abort", abort);
    const timer = setTimeout(abort, patience);
    try {
      return await (fetch ?? globalThis.fetch)(url.replace(/\/$/, "") + path, {
        method,
        credentials,
        headers: all.filter((entry): entry is [string, string] => !!entry[1]),
        signal: controller.signal,
        keepalive: method !== "GET" && !(body && body.length > keptAlive),
        ...(body && { body }),
      });
    } finally {
      clearTimeout(timer);
    }
  }

  return async (path, sending, read) => {
    let mayRefresh = token !== undefined;
    for (let failures = 0; ; ) {
      const before = refreshes;
      let error: UserMetaClientError;
      let wait = 0;
      try {
        const response = await attempt(path, sending);
        if (response.ok || response.status === 304) return await read(response);
        wait = millisecondsOf(response.headers.get("retry-after"));
        error = await toProblem(response);
      } catch (cause) {
        error = toError(cause);
      }
      if (mayRefresh && /^token_(expired|stale)$/.test(error.code)) {
        mayRefresh = false;
        if (before === refreshes)
          await refresh().catch((cause: unknown) => {
            throw toError(cause);
          });
      } else {
        const isPassing = error.status === 0 || (error.status > 501 && error.status < 505);
        if (!isPassing || failures === (sending.retries ?? retries) || sending.signal?.aborted) throw error;
        await pause(Math.min(Math.max(wait, backoff(failures++)), mostPatience), sending.signal);
      }
    }
  };
}

/** Whatever was thrown, as an error of ours. */
export const toError = (cause: unknown): UserMetaClientError =>
  cause instanceof UserMetaClientError
    ? cause
    : new UserMetaClientError("network", "the server could not be reached", { cause });

/** The problem that an answer tells of (RFC 9457). */
async function toProblem(response: Response): Promise<UserMetaClientError> {
  const { status, url } = response;
  const problem = (await response.json().catch(() => ({}))) as {
    code?: ClientErrorCode;
    detail?: string;
    pointer?: string;
  };
  const {
    code = "unexpected_answer",
    detail = `${url} answered ${status}: are the routes mounted there?`,
    pointer,
  } = problem ?? {};
  return new UserMetaClientError(code, detail, { status, pointer });
}

/** Milliseconds before the next try: a quarter of a second, doubling, up to half a minute; by chance up to half of it less. */
export const backoff = (failures: number): number => Math.min(250 * 2 ** failures, 30_000) * (1 - Math.random() / 2);

/** Resolves after so many milliseconds, or at once when the signal is aborted. */
export const pause = (milliseconds: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, signal?.aborted ? 0 : milliseconds);
    signal?.addEventListener("abort", done);
  });

/** `Retry-After`: seconds, or a date (RFC 9110 section 10.2.3). */
const millisecondsOf = (retryAfter: string | null): number =>
  retryAfter === null ? 0 : Number(retryAfter) * 1000 || Date.parse(retryAfter) - Date.now() || 0;
