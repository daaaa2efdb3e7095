import type { AnyDocuments } from "@usermeta/core";
import { type ClientErrorCode, UserMetaClientError } from "./error.ts";
import { goLive, type Live } from "./live.ts";
import { isObject, type Merge, mergeDocument, share, toText } from "./merge.ts";
import type { Changes, DocumentsOf, Initial, Metadata, OwnDocuments, State } from "./metadata.ts";
import { backoff, createSend, pause, type RequestOptions } from "./request.ts";

/** What {@link createClient} takes. */
export interface ClientOptions<D extends OwnDocuments = AnyDocuments> extends RequestOptions {
  /** What the server rendered the page with, so that the first render shows it, too. */
  readonly initial?: Initial<D> | undefined;
  /** Whether `subscribe` connects, to hear of changes made elsewhere. @default true */
  readonly live?: boolean | undefined;
}

/** Changes to `unsafe`, or a pure function of the metadata that returns them, run again whenever somebody else was faster. */
export type Input<D extends OwnDocuments, T> = T | ((current: Metadata<D>) => T);

/** How a client writes, see {@link MetadataClient}. */
export interface Update<D extends OwnDocuments> {
  (changes: Input<D, Changes<D>["shallow"]>, options?: { readonly merge?: "shallow" }): Promise<Metadata<D>>;
  (changes: Input<D, Changes<D>["deep"]>, options: { readonly merge: "deep" }): Promise<Metadata<D>>;
  (
    changes: Input<D, Changes<D>["replace"]>,
    options: { readonly merge: "replace"; readonly from?: Metadata<D> | undefined },
  ): Promise<Metadata<D>>;
}

/** The metadata of the user whom the session belongs to. Every promise rejects with {@link UserMetaClientError}. */
export interface MetadataClient<D extends OwnDocuments = AnyDocuments> {
  /** Asks the server. Callers at the same time share one request. */
  readonly get: () => Promise<Metadata<D>>;
  /**
   * Writes to `unsafe`. `current` shows it at once, and goes back should the server refuse it. When somebody else wrote
   * first, the changes are made again on top of that.
   *
   * A replacement that was made from what is no longer true would undo somebody else's changes: it rejects with
   * `version_conflict` unless `unsafe` is still as in `from`, by default what `current` shows now. A function runs again.
   *
   * ```ts
   * await client.update({ unsafe: { theme: "dark", todos: null } });
   * await client.update({ unsafe: { preferences: { size: 2 } } }, { merge: "deep" });
   * await client.update(({ unsafe }) => ({ unsafe: { visits: (unsafe.visits ?? 0) + 1 } }));
   * ```
   */
  readonly update: Update<D>;
  /** Empties `unsafe`. */
  readonly clear: () => Promise<Metadata<D>>;
  /** Sets `unsafe` once, with what a sign-up form asked for. Rejects with `already_set` if it was ever written before. */
  readonly signUp: (data: Changes<D>["replace"]) => Promise<Metadata<D>>;
  /** What is known now, with writes on top that are not confirmed yet; the same object until something changes. */
  readonly current: () => Metadata<D> | undefined;
  /** Why the last read failed; `undefined` once one succeeds. */
  readonly error: () => UserMetaClientError | undefined;
  /**
   * Calls back whenever `current` or `error` changes. While somebody listens the client has read, and is connected to hear of
   * changes made elsewhere; all tabs share one connection. Returns how to stop.
   */
  readonly subscribe: (listener: () => void) => () => void;
}

/** A write that the server has not confirmed. */
interface Edit {
  readonly method: "PATCH" | "PUT" | "DELETE";
  readonly merge: Merge;
  readonly changes: (current: Metadata) => { readonly unsafe?: unknown };
  /** What the user saw: it goes to nobody else, and a replacement onto nothing else. */
  readonly seen: Metadata | undefined;
  /** `"read"`: not before it is known. `"replace"`: not after it has changed. `"once"`: not over anything. */
  readonly needs?: "read" | "replace" | "once" | undefined;
}

const mostConflicts = 10;
const optionNames = ["url", "token", "credentials", "retries", "fetch", "initial", "live"];

/**
 * A client of the routes that `metadataRoutes(meta)` serves. Throws `invalid_config` for options that do not exist, and for an
 * `initial` with private metadata.
 *
 * ```ts
 * import type { meta } from "./server/usermeta.ts"; // its type only
 * const client = createClient<typeof meta>({ url: "/usermeta" });
 * ```
 */
export function createClient<T = AnyDocuments>(
  options: ClientOptions<DocumentsOf<T>> = {},
): MetadataClient<DocumentsOf<T>> {
  const { initial, live: isLive = true, url = "/usermeta" } = options;
  const stray = Object.keys(options).find((name) => !optionNames.includes(name));
  if (stray !== undefined) throw new UserMetaClientError("invalid_config", `createClient has no option "${stray}"`);
  if (initial && "private" in initial)
    throw new UserMetaClientError("invalid_config", "private metadata must not reach a page: pass session.metadata");
  const send = createSend(options);
  const listeners = new Set<() => void>();
  let base: State | undefined = initial && { view: { updatedAt: null, ...initial } as unknown as Metadata };
  let pending: readonly Edit[] = [];
  let current = base?.view;
  let failure: UserMetaClientError | undefined;
  let reading: Promise<Metadata> | undefined;
  let isLoading = false;
  let writing: Promise<unknown> = Promise.resolve();
  let live: Live | undefined;

  /** Shows what is known, with what is pending on top. */
  function show(next: State | undefined, error?: UserMetaClientError): void {
    const shown = [current, failure];
    base = next;
    failure = error;
    current = share(current, base && pending.reduce(apply, base.view));
    connect();
    if (current !== shown[0] || failure !== shown[1]) for (const listener of listeners) listener();
  }

  /** Takes what the server said. An answer from before what came since is older, unless its version shows otherwise. */
  function adopt(next: State, isLate?: boolean): State {
    const isOlder = base?.etag && (lineOf(base) === lineOf(next) ? base.view.version > next.view.version : isLate);
    show(isOlder ? base : { etag: next.etag, view: share(base?.view, next.view) });
    return base as State;
  }

  /** Shows why there is nothing newer. Without a session nobody's metadata is shown. */
  function fail(error: UserMetaClientError): UserMetaClientError {
    show(error.status === 401 ? undefined : base, error);
    return error;
  }

  /** Connects as the user who was read, while somebody listens; anew when that is another. */
  function connect(): void {
    const name = isLive && listeners.size > 0 && base?.etag ? `usermeta ${url} ${base.view.userId}` : undefined;
    if (name === live?.name) return;
    live?.stop();
    live = name === undefined ? undefined : goLive({ name, send, last: () => base, onNews: adopt, onEnd: end });
  }
  const end = (error: UserMetaClientError): unknown => error.status === 401 && fail(error);
  const tell = (state: State): void => live?.tell(state);

  async function read(): Promise<Metadata> {
    const asked = base;
    try {
      const state = await send("/me/metadata", { headers: { "if-none-match": asked?.etag } }, stateOf);
      if (state) tell(adopt(state, base !== asked));
      else show(base ?? asked);
    } catch (error) {
      throw fail(error as UserMetaClientError);
    }
    return (base as State).view;
  }

  const get = (): Promise<Metadata> =>
    (reading ??= read().finally(() => {
      reading = undefined;
    }));

  /** Reads, and while somebody listens tries again for as long as the server may come back. */
  async function load(): Promise<void> {
    if (isLoading) return;
    isLoading = true;
    for (let failures = 4; isLoading && listeners.size > 0; failures++)
      await get().then(
        () => {
          isLoading = false;
        },
        ({ status }: UserMetaClientError) => {
          isLoading = status < 400 || status >= 500;
          return isLoading ? pause(backoff(failures)) : undefined;
        },
      );
    isLoading = false;
  }

  /** Shows an edit at once, and sends it after those before it. */
  async function write(edit: Edit): Promise<Metadata> {
    pending = [...pending, edit];
    show(base, failure);
    const turn = writing.then(() => transmit(edit));
    writing = turn.catch(() => undefined);
    try {
      return await turn;
    } catch (error) {
      drop(edit);
      if ((error as UserMetaClientError).status === 401) fail(error as UserMetaClientError);
      else show(base, failure);
      throw error;
    }
  }

  const drop = (edit: Edit): void => {
    pending = pending.filter((other) => other !== edit);
  };

  /** Sends an edit on top of what is known; again when that was not the newest. */
  async function transmit(edit: Edit): Promise<Metadata> {
    const { method, merge, changes, seen, needs } = edit;
    for (let conflicts = 0; ; conflicts++) {
      if (!base?.etag && (seen || needs === "read")) await get();
      const asked = base;
      if (seen && asked) checkSeen(edit, seen, asked.view);
      const body = method === "DELETE" ? undefined : toText(changes(asked?.view as Metadata));
      const headers = {
        "content-type": body && `application/${merge === "deep" ? "merge-patch+" : ""}json`,
        "idempotency-key": newKey(),
        "if-match": needs === "once" ? undefined : asked?.etag,
        "if-none-match": needs === "once" ? "*" : undefined,
      };
      const state = await send("/me/metadata", { method, body, headers }, stateOf).catch(
        (error: UserMetaClientError) => {
          if (error.status !== 412 || conflicts === mostConflicts) throw error;
          if (needs === "once")
            throw conflict("already_set", "unsafe was set before: signUp writes it once, update changes it");
        },
      );
      if (state) {
        drop(edit);
        tell(adopt(state, base !== asked));
        return (base as State).view;
      }
      await get();
    }
  }

  const client: MetadataClient = {
    get,
    update: async (
      input: unknown,
      { merge = "shallow", from = current }: { merge?: Merge; from?: Metadata | undefined } = {},
    ) => {
      const isFunction = typeof input === "function";
      const text = isFunction ? "" : toText(input);
      const changes = isFunction ? (input as Edit["changes"]) : () => JSON.parse(text) as object;
      return write({
        method: merge === "replace" ? "PUT" : "PATCH",
        merge,
        changes,
        seen: from,
        needs: isFunction ? "read" : merge === "replace" ? merge : undefined,
      });
    },
    clear: () => write({ method: "DELETE", merge: "replace", changes: () => ({ unsafe: {} }), seen: current }),
    signUp: (data) => write({ method: "PUT", merge: "replace", changes: () => data, seen: current, needs: "once" }),
    current: () => current,
    error: () => failure,
    subscribe: (listener) => {
      const own = () => listener(); // the same function may listen twice
      listeners.add(own);
      if (listeners.size === 1) void load();
      return () => {
        listeners.delete(own);
        queueMicrotask(connect); // another may listen at once
      };
    },
  };
  return client as unknown as MetadataClient<DocumentsOf<T>>;
}

/** What a user sees while a write is under way. A sign-up's shows only once it is written. */
function apply(view: Metadata, { merge, changes, needs }: Edit): Metadata {
  if (needs === "once") return view;
  try {
    const { unsafe } = JSON.parse(toText(changes(view))) as { unsafe?: unknown };
    return isObject(unsafe) ? { ...view, unsafe: mergeDocument(merge, view.unsafe as never, unsafe) } : view;
  } catch {
    return view; // whoever wrote it is told by the promise
  }
}

/** Refuses to make an edit for another user, or to replace what whoever made it has not seen. */
function checkSeen({ needs }: Edit, seen: Metadata, now: Metadata): void {
  if (seen.userId !== now.userId) throw conflict("version_conflict", "another user has signed in since");
  if (needs === "replace" && share(seen.unsafe, now.unsafe) !== seen.unsafe)
    throw conflict("version_conflict", "unsafe has changed since: make the replacement from current()");
}

const conflict = (code: ClientErrorCode, detail: string): UserMetaClientError =>
  new UserMetaClientError(code, detail, { status: 412 });

/** What an answer says; `undefined` for 304. */
async function stateOf(response: Response): Promise<State | undefined> {
  const { status, url, headers } = response;
  if (status === 304) return undefined;
  const text = await response.text();
  try {
    // Proxies that compress make the tag weak; it names a version, not bytes.
    const etag = (headers.get("etag") as string).replace(/^W\//, "");
    return { etag, view: JSON.parse(text) as Metadata };
  } catch (cause) {
    throw new UserMetaClientError("unexpected_answer", `${url} is not usermeta's: are the routes mounted there?`, {
      status,
      cause,
    });
  }
}

/** Which life of a record a tag belongs to: an erased user's begins another. */
const lineOf = ({ etag = "" }: State): string => etag.replace(/\.\d+"$/, "");

/** Not `crypto.randomUUID`, which pages without TLS do not have. */
const newKey = (): string => crypto.getRandomValues(new Uint32Array(4)).join("-");
