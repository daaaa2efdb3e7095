import { UserMetaClientError } from "@usermeta/client";

export const pretty = (value: unknown): string => JSON.stringify(value, null, 2);

/** A request, and what became of it; no status: no answer. */
export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
  readonly status?: number;
  readonly etag?: string | null;
  readonly answer?: string;
}

let last: Exchange | undefined;
const listeners = new Set<() => void>();

/** The last request of the page, for `useSyncExternalStore`. */
export const lastExchange = (): Exchange | undefined => last;
export function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
function show(exchange: Exchange): void {
  last = exchange;
  for (const listener of listeners) listener();
}

/** `fetch`, for the client as well, whose requests are shown; all but the stream of events, which does not end. */
export async function shownFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  const request = new Request(input, init);
  const { method, url, headers } = request;
  if (headers.get("accept") === "text/event-stream") return fetch(request);
  const asked = { method, url, headers: [...headers], body: await request.clone().text() };
  const response = await fetch(request).catch((error: unknown) => {
    show(asked);
    throw error;
  });
  const answer = await response.clone().text();
  show({ ...asked, status: response.status, etag: response.headers.get("etag"), answer });
  return response;
}

/** What a request carries. */
export interface SendOptions {
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Whether to show it as the last request. @default true */
  readonly isShown?: boolean;
}

/** Asks what the client has no function for: the application itself, and the admin routes. Rejects as the client does. */
export async function send<T>(method: string, path: string, options: SendOptions = {}): Promise<T> {
  const { body, headers, isShown = true } = options;
  const response = await (isShown ? shownFetch : fetch)(path, {
    method,
    headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
    ...(body !== undefined && { body }),
  }).catch((cause: unknown) => {
    throw new UserMetaClientError("network", "the demo does not answer", { cause });
  });
  const data = await response.json().catch(() => undefined); // 204, or a page of the framework
  if (response.ok) return data as T;
  const { code = "unexpected_answer", detail = `the status is ${response.status}`, pointer } = data ?? {};
  throw new UserMetaClientError(code, detail, { status: response.status, pointer });
}
