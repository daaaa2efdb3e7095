import { signal } from "@preact/signals";
import type { JsonObject } from "@usermeta/core/json";
import { type Difference, type ErrorCode, errorTable, type Scope, UserMetaError } from "@usermeta/core/json";
import { settings } from "./settings.ts";

/** A record as the admin routes show it. */
export interface UserRecord extends Readonly<Record<Scope, JsonObject>> {
  readonly userId: string;
  readonly version: number;
  readonly etag: string;
  readonly createdAt: string | null;
  readonly updatedAt: string | null;
}

/** An entry of the change log as the admin routes show it. */
export interface Change {
  readonly id: string;
  readonly version: number;
  readonly at: string;
  readonly kind: string;
  readonly actor: string;
  readonly reason?: string;
  readonly changes: readonly Difference[];
}

/** Whether the server answered the last time it was asked. */
export const isReachable = signal(true);

/** Why the server takes no request from this page, while it does not. */
export const refusal = signal<UserMetaError | undefined>(undefined);

/** The key or token, in memory alone: a reload forgets it, and no other page can read it. */
let credential: string | undefined;
let admitted = Promise.withResolvers<void>();

/** Asks the server with a key or token, or with the cookie as it is now; all that waits goes on if it is admitted. */
export async function signIn(given?: string): Promise<void> {
  try {
    await exchange("GET", "admin/users?limit=1", given, {});
  } catch (error) {
    if (isRefusal(error) || isPassing(error)) throw error; // any other: admitted, though this store may list nobody
  }
  credential = given;
  refusal.value = undefined;
  admitted.resolve();
}

/** What a request carries beside the credentials. */
export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** Sends a request once. One that is not admitted waits for somebody to sign in, and is sent again then. */
export async function send(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
  for (;;) {
    if (settings.credentials !== "cookie" && credential === undefined)
      await admission(new UserMetaError("session_required", ""));
    try {
      return await exchange(method, path, credential, options);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await admission(error);
    }
  }
}

/** Reads JSON. While the server cannot be reached it is asked again, ever more rarely. */
export async function read<T>(path: string, signal: AbortSignal): Promise<T> {
  for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
    try {
      return (await (await send("GET", path, { signal })).json()) as T;
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      await pause(wait, signal);
    }
  }
}

/** Whether the same request may succeed later: no answer came, or one that says so. */
export function isPassing(error: unknown): boolean {
  return !(error instanceof UserMetaError) || error.status === 503;
}

/** What an error says to people: what is wrong, and what to do about it. */
export function explain(error: unknown): { readonly title: string; readonly help: string } {
  if (!(error instanceof UserMetaError)) return { title: "The server cannot be reached", help: "Try again." };
  const [, title, help] = errorTable[error.code];
  const detail = error.message === "" ? "" : `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}. `;
  return { title, help: detail + help.replaceAll("`", "") };
}

async function exchange(
  method: string,
  path: string,
  bearer: string | undefined,
  { headers, ...options }: RequestOptions,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL(path, import.meta.url), {
      ...options,
      method,
      headers: { ...headers, ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }) },
      cache: "no-store",
      redirect: "error",
    });
  } catch (error) {
    if (options.signal?.aborted !== true) isReachable.value = false;
    throw error;
  }
  const error = response.ok ? undefined : await toError(response);
  isReachable.value = error === undefined || !isPassing(error);
  if (error !== undefined) throw error;
  return response;
}

/** The error behind an answer; one that is not ours, e.g. a proxy's, means that the server was not reached. */
async function toError(response: Response): Promise<Error> {
  const { code, detail, pointer } = (await response.json().catch(() => ({}))) as Readonly<Record<string, string>>;
  if (code === undefined || !Object.hasOwn(errorTable, code)) return new Error(`status ${response.status}`);
  return new UserMetaError(code as ErrorCode, detail ?? "", pointer === undefined ? {} : { pointer });
}

function isRefusal(error: unknown): error is UserMetaError {
  if (!(error instanceof UserMetaError)) return false;
  return error.status === 401 || error.code === "admin_forbidden" || error.code === "too_many_attempts";
}

function admission(error: UserMetaError): Promise<void> {
  if (refusal.value === undefined) {
    refusal.value = error;
    admitted = Promise.withResolvers();
  }
  return admitted.promise;
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    addEventListener("online", () => resolve(), { once: true, signal });
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    });
  });
}
