import { checkOptions, invalidConfig } from "./errors.ts";
import type { CacheOptions } from "./metadata/cache.ts";
import { type Change, type HistoryOptions, type ResolvedHistory, resolveHistory } from "./metadata/change.ts";
import { type Limits, type ResolvedLimits, resolveLimits } from "./metadata/limits.ts";
import type { AnyDocuments, Documents, UserRecord } from "./metadata/record.ts";
import { checkSchemas, type DocumentsOf, type Schemas } from "./metadata/schema.ts";
import type { MetadataStore } from "./metadata/store.ts";
import type { SessionIssuer } from "./session/issuer.ts";
import type { Revoked } from "./session/revocation.ts";
import type { SessionVerifier } from "./session/session.ts";

/** What `createUserMeta` takes. Bad values throw `invalid_config` at once. */
export interface UserMetaOptions<S extends Schemas = Schemas> {
  /** Where records live, e.g. `sqliteStore("usermeta.db")`. */
  readonly store: MetadataStore;
  /** How session tokens are verified, e.g. `jwtVerifier({ issuer, audience, jwks })`. */
  readonly verifier: SessionVerifier;
  /** Signs session tokens that carry metadata, e.g. `sessionIssuer({ … })` of `@usermeta/issuer`. */
  readonly issuer?: SessionIssuer;
  /** One Standard Schema per scope: a check of every result, never a transform. Types flow from here. */
  readonly schema?: S;
  /** Sizes, up to what the store and the body can carry. */
  readonly limits?: Limits;
  /** Keeps records in this process, for reads that may be a little old. Without it every read asks the store. */
  readonly cache?: CacheOptions;
  /** Takes the session from this cookie when there is no `Authorization` header. */
  readonly cookie?: { readonly name: string };
  /** Origins, e.g. `"https://app.example"`, that may write on a cookie session and that the routes answer CORS for. */
  readonly origins?: readonly string[];
  /**
   * Whether a session has ended before its time, e.g. because its user was banned: asked behind every guard, and for a
   * session that it was asked about not again within `cache.seconds`. Anything but `false` is answered by `invalid_token`.
   */
  readonly revoked?: Revoked;
  /**
   * Told of every change that this process makes, after it was written. Best effort: what it throws is dropped, and
   * nobody waits for it. Other processes' changes are in the store's change log.
   */
  readonly onChange?: (event: ChangeEvent<DocumentsOf<S>>) => unknown;
  /** How much of the change log is kept; `false` keeps none. */
  readonly history?: HistoryOptions | false;
  /** Milliseconds after which an operation gives up with a 503 error. @default 2000 */
  readonly deadline?: number;
  /** The time in milliseconds since 1970, for tests. @default Date.now */
  readonly clock?: () => number;
}

/** A change to a user's metadata, as `onChange` is told of it. */
export interface ChangeEvent<D extends Documents = AnyDocuments> {
  readonly userId: string;
  /** The record after it. */
  readonly record: UserRecord<D>;
  /** What changed and by whom; absent when the user was erased. */
  readonly change?: Change;
}

const known = {
  store: true,
  verifier: true,
  issuer: true,
  schema: true,
  limits: true,
  cache: true,
  cookie: true,
  origins: true,
  revoked: true,
  onChange: true,
  history: true,
  deadline: true,
  clock: true,
} satisfies Record<keyof UserMetaOptions, true>;

/** Options as they are used: checked, and with their defaults. */
export interface Settings<S extends Schemas>
  extends Pick<UserMetaOptions<S>, "store" | "verifier" | "issuer" | "cookie" | "revoked" | "onChange"> {
  readonly schemas: Schemas;
  readonly limits: ResolvedLimits;
  readonly history: ResolvedHistory;
  readonly cache: CacheOptions | undefined;
  readonly origins: readonly string[];
  readonly deadline: number;
  readonly clock: () => number;
}

/** Throws `invalid_config` for whatever is no store's, verifier's or cache's own matter. */
export function readOptions<S extends Schemas>(options: UserMetaOptions<S>): Settings<S> {
  checkOptions("createUserMeta", options, Object.keys(known));
  const { store, issuer, schema = {}, limits = {}, history, cache, origins = [], onChange, ...rest } = options;
  const { deadline = 2000, clock = Date.now } = options;
  if (typeof store?.write !== "function")
    throw invalidConfig('createUserMeta needs a store, e.g. sqliteStore("usermeta.db")');
  if (!Number.isSafeInteger(deadline) || deadline < 1 || deadline > 600_000)
    throw invalidConfig("deadline must be whole milliseconds above 0, and at most 600,000");
  if (issuer !== undefined && typeof issuer?.issue !== "function")
    throw invalidConfig("issuer must be one, e.g. sessionIssuer({ keys, issuer, audience })");
  if (onChange !== undefined && typeof onChange !== "function")
    throw invalidConfig("onChange must be a function of the change");
  if (typeof clock !== "function") throw invalidConfig("clock must be a function, e.g. Date.now");
  checkSchemas(schema);
  return {
    ...rest,
    store,
    ...(issuer && { issuer }),
    ...(onChange && { onChange }),
    schemas: schema,
    limits: resolveLimits(limits, store.maxRecordBytes),
    history: resolveHistory(history),
    cache,
    origins: [...origins],
    deadline,
    clock,
  };
}
