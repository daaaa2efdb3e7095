import { UserMetaError } from "./errors.ts";
import { type Change, readChange, revertEdit } from "./metadata/change.ts";
import { clearEdit, type Edit } from "./metadata/edit.ts";
import {
  type DeepChanges,
  functionEdit,
  type Merge,
  mergeEdit,
  merges,
  type ShallowChanges,
} from "./metadata/merge.ts";
import { type PatchOperation, patchEdit } from "./metadata/patch.ts";
import type { Where } from "./metadata/query.ts";
import { type AnyDocuments, type Documents, parseDocuments, toUserRecord, type UserRecord } from "./metadata/record.ts";
import { allPages, collect, createRecords, type RecordChange, type Records } from "./metadata/records.ts";
import type { DocumentsOf, Schemas } from "./metadata/schema.ts";
import { type Scope, scopes } from "./metadata/store.ts";
import type { WriteOptions } from "./metadata/write-options.ts";
import { type ChangeEvent, readOptions, type UserMetaOptions } from "./options.ts";
import type { Cors } from "./routes/router.ts";
import { metadataVersion } from "./session/freshness.ts";
import { createGuard, type Guard } from "./session/guard.ts";
import type { IssuedToken, SessionIssuer, TokenGrant } from "./session/issuer.ts";
import type { SessionMetadata } from "./session/session.ts";
import type { Whose } from "./session/token-cache.ts";

/**
 * Everything usermeta does: metadata first, then sessions, then what bindings and route tables need. Every method on a
 * user throws `invalid_user_id` for what is none, and `store_unavailable` when the store cannot be reached.
 */
export interface UserMeta<D extends Documents = AnyDocuments> extends Guard<SessionMetadata<D>> {
  /** The record of a user; empty and of version 0 for one nobody wrote about. */
  get(userId: string): Promise<UserRecord<D>>;
  /** The records of many users, in the order asked for; gathered into few round trips. */
  getMany(userIds: readonly string[]): Promise<readonly UserRecord<D>[]>;
  /**
   * Merges changes into the scopes they name, all or nothing, and returns the record. No update is ever lost: when
   * another write comes first the merge runs again. A result equal to what is stored writes nothing.
   *
   * ```ts
   * await meta.update(id, { unsafe: { theme: "dark", todos: null } });
   * await meta.update(id, ({ private: p }) => ({ private: { credits: Number(p["credits"] ?? 0) + 1 } }));
   * ```
   * @param changes changes per scope, or a pure function of the record, run again on every retry
   * @throws UserMetaError `scope_too_large`, `schema_mismatch`, `version_conflict` (with `ifMatch` or `ifAbsent`),
   * `write_contention`, `outcome_unknown`, `idempotency_key_reused`, and those of values: `invalid_value`, `too_deep` …
   */
  update(
    userId: string,
    changes: Input<D, ShallowChanges<D>>,
    options?: WriteOptions & { readonly merge?: "shallow" },
  ): Promise<UserRecord<D>>;
  update(
    userId: string,
    changes: Input<D, DeepChanges<D>>,
    options: WriteOptions & { readonly merge: "deep" },
  ): Promise<UserRecord<D>>;
  update(
    userId: string,
    changes: Input<D, Partial<D>>,
    options: WriteOptions & { readonly merge: "replace" },
  ): Promise<UserRecord<D>>;
  /** Applies a JSON Patch (RFC 6902) over paths like `/unsafe/theme`; at most 100 operations. Throws `invalid_patch`, `patch_test_failed`. */
  patch(userId: string, operations: readonly PatchOperation[], options?: WriteOptions): Promise<UserRecord<D>>;
  /** Empties one scope, or all of them. The record and its history stay. */
  clear(userId: string, scope?: Scope, options?: WriteOptions): Promise<UserRecord<D>>;
  /** Removes the record and its history for good. */
  erase(userId: string): Promise<void>;
  /** Everything held about a user, as the law may ask for it. */
  export(userId: string): Promise<UserExport<D>>;
  /**
   * Every record that satisfies the search, by the bytes of the user ids; all of them without one.
   * Throws `invalid_query`, `unindexed_path`, `not_supported`.
   *
   * ```ts
   * for await (const record of meta.list({ where: { "public.plan": "pro" } })) …
   * ```
   */
  list(query?: { readonly where?: Where }): AsyncIterable<UserRecord<D>>;
  /** The user's change log, newest first. */
  history(userId: string): AsyncIterable<Change>;
  /** Undoes one change of the log. Throws `not_found`, and `change_not_revertible` when a later one wrote the same place. */
  revert(userId: string, changeId: string, options?: WriteOptions): Promise<UserRecord<D>>;
  /**
   * Signs a session token for a user, with the `public` and `unsafe` metadata that the issuer's template names, as it is
   * now. Throws `not_supported` without an `issuer`, and `claims_too_large`.
   *
   * @param session what the token carries of the session it belongs to
   */
  issueToken(userId: string, session?: Pick<TokenGrant, "sessionId" | "notAfter">): Promise<IssuedToken>;
  /**
   * Makes this process forget what it knows of a user's or a session's verified tokens, and of the user's record: after a
   * ban or a sign-out, the next request is verified anew and `revoked` is asked at once.
   */
  forget(whose: Whose): void;
  /** Resolves when the store answers, within the deadline. */
  ping(): Promise<void>;
  /** Releases what the store holds. */
  close(): Promise<void>;
  /** For route tables: records as stored text. */
  readonly records: Records;
  /** For route tables: who may call from another origin. */
  readonly cors: Cors;
  /** For route tables: what signs tokens. */
  readonly issuer: SessionIssuer | undefined;
}

/** What {@link UserMeta.export} returns. */
export interface UserExport<D extends Documents = AnyDocuments> {
  readonly record: UserRecord<D>;
  /** Newest first. */
  readonly history: readonly Change[];
}

type Input<D extends Documents, T> = T | ((current: UserRecord<D>) => T);

/**
 * Puts a store and a verifier together. Throws `invalid_config` at once for whatever is wrong, so that it never serves
 * a request.
 *
 * ```ts
 * export const meta = createUserMeta({
 *   store: sqliteStore("usermeta.db"),
 *   verifier: jwtVerifier({ issuer: "https://id.example", audience: "https://api.example", jwks: "https://id.example/jwks.json" }),
 * });
 * ```
 */
export function createUserMeta<const S extends Schemas = Record<never, never>>(
  options: UserMetaOptions<S>,
): UserMeta<DocumentsOf<S>> {
  const { store, verifier, issuer, cookie, origins, revoked, cache, onChange, ...rest } = readOptions(options);
  const listener = onChange && toListener(onChange);
  const records = createRecords({ ...rest, store, cache, onChange: listener });
  const guard = createGuard({ verifier, cookie, origins, revoked, revokedSeconds: cache?.seconds, read: records.read });
  return {
    ...metadata<DocumentsOf<S>>(records),
    ...(guard as unknown as Guard<SessionMetadata<DocumentsOf<S>>>),
    issueToken: async (userId, session) => {
      if (issuer === undefined) throw new UserMetaError("not_supported", "createUserMeta was given no issuer");
      const record = await records.latest(userId);
      const { public: seen, unsafe } = parseDocuments(record);
      return issuer.issue({ ...session, user: { userId, public: seen, unsafe, mv: metadataVersion(record) } });
    },
    forget: (whose) => {
      verifier.forget?.(whose);
      if (whose.userId !== undefined) records.forget(whose.userId);
    },
    records,
    issuer,
    cors: { origins, credentials: cookie !== undefined },
    ping: () => records.ping(),
    close: () => records.close(),
  };
}

/** Hands changes of stored text over as values. */
function toListener<D extends Documents>(
  onChange: (event: ChangeEvent<D>) => unknown,
): (event: RecordChange) => unknown {
  return ({ record, change }) =>
    onChange({ userId: record.userId, record: toUserRecord(record), ...(change && { change: readChange(change) }) });
}

/** The methods on users, over records as text. */
function metadata<D extends Documents>(
  records: Records,
): Omit<UserMeta<D>, keyof Guard | "issueToken" | "forget" | "records" | "issuer" | "cors" | "ping" | "close"> {
  const { limits } = records;
  const write = async (userId: string, edit: Edit, options?: WriteOptions): Promise<UserRecord<D>> => {
    const { record, documents } = await records.write(userId, edit, options);
    return toUserRecord(record, documents);
  };
  const get = async (userId: string): Promise<UserRecord<D>> => toUserRecord(await records.read(userId));

  async function* history(userId: string): AsyncGenerator<Change, void, undefined> {
    yield* allPages((page) => records.history(userId, page));
  }

  async function* list({ where }: { readonly where?: Where } = {}): AsyncGenerator<UserRecord<D>, void, undefined> {
    for await (const record of allPages((page) => records.list({ ...page, where }))) yield toUserRecord(record);
  }

  return {
    get,
    getMany: (userIds) => Promise.all(userIds.map(get)),
    update: async (
      userId: string,
      changes: unknown,
      { merge = "shallow", ...options }: WriteOptions & { readonly merge?: Merge } = {},
    ) => {
      if (!merges.includes(merge)) throw new UserMetaError("invalid_request", `merge must be ${merges.join(", ")}`);
      const edit =
        typeof changes === "function"
          ? functionEdit(merge, (current) => changes(toUserRecord(current)) as unknown, limits)
          : mergeEdit(merge, changes, limits);
      return write(userId, edit, options);
    },
    patch: async (userId, operations, options) => write(userId, patchEdit(operations, limits), options),
    clear: async (userId, scope, options) => write(userId, clearEdit(scope === undefined ? scopes : [scope]), options),
    erase: (userId) => records.erase(userId),
    export: async (userId) => ({ record: await get(userId), history: await collect(history(userId)) }),
    list,
    history,
    revert: async (userId, changeId, options) =>
      write(userId, revertEdit(await records.change(userId, changeId)), options),
  };
}
