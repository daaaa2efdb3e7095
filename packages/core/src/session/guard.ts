import { checkOptions, invalidConfig, UserMetaError } from "../errors.ts";
import { errorResponse, type SessionRequest } from "../http.ts";
import { andThen, isPromise, type MaybePromise } from "../maybe-promise.ts";
import { ownScopes, parseDocuments, versionOf } from "../metadata/record.ts";
import type { StoredRecord } from "../metadata/store.ts";
import { type Credentials, readCredentials } from "./credentials.ts";
import { checkFresh } from "./freshness.ts";
import { checkOrigin, originSet } from "./origin.ts";
import { checkClaims, checkMetadata, checkRequirements, checkScopes } from "./requirements.ts";
import { type Revoked, revocation } from "./revocation.ts";
import {
  checkSessionUser,
  isOwnSession,
  type Session,
  type SessionMetadata,
  type SessionVerifier,
  type Verdict,
  type VerifySessionOptions,
  withMetadata,
} from "./session.ts";
import { slot } from "./slot.ts";

/** What {@link createGuard} takes. */
export interface GuardOptions {
  readonly verifier: SessionVerifier;
  /** Take the session from this cookie when there is no `Authorization` header. */
  readonly cookie?: { readonly name: string } | undefined;
  /** Origins that may write with a cookie session. @default [] */
  readonly origins?: readonly string[] | undefined;
  /** Whether a session has ended before its time. */
  readonly revoked?: Revoked | undefined;
  /** Seconds for which an answer of `revoked` holds. @default 0 */
  readonly revokedSeconds?: number | undefined;
  /** The user's record, for whoever asks for metadata. */
  readonly read: (userId: string) => MaybePromise<StoredRecord>;
}

/** The three ways to ask for a request's session. None of them needs its `this`. */
export interface Guard<M = SessionMetadata> {
  /**
   * The session of a request. Throws `session_required`, `invalid_request`, `invalid_token`, `token_expired`,
   * `token_stale`, `keys_unavailable`, `origin_forbidden`, `insufficient_scope` or `requirement_failed`.
   */
  readonly verifySession: {
    (request: SessionRequest): Promise<Session<M>>;
    (request: SessionRequest, options: VerifySessionOptions & { readonly sessionRequired?: true }): Promise<Session<M>>;
    (request: SessionRequest, options: VerifySessionOptions | undefined): Promise<Session<M> | undefined>;
  };
  /** The same as a value: errors of ours become the response to send; all others are thrown, or rejected with. */
  readonly guard: (
    request: SessionRequest,
    options?: VerifySessionOptions,
  ) => Verdict<Session<M> | undefined> | Promise<Verdict<Session<M> | undefined>>;
  /** The session found earlier for this very request object, `undefined` if it came without. Throws `no_guard`. */
  readonly sessionOf: (request: object) => Session<M> | undefined;
}

/** What may stand in a `Cookie` header as a name (RFC 6265 section 4.1.1). */
const cookieName = /^[\w!#$%&'*+.^`|~-]+$/;
/** One scope (RFC 6749 section 3.3). */
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]+$/;

const noOptions: VerifySessionOptions = {};

/** The guard in front of every route: credentials, then verifier, revocation, origin and requirements. */
export function createGuard({
  verifier,
  cookie,
  origins = [],
  revoked,
  revokedSeconds = 0,
  read,
}: GuardOptions): Guard {
  if (typeof verifier !== "function")
    throw invalidConfig("createUserMeta needs a verifier, e.g. jwtVerifier({ issuer, audience, jwks })");
  if (cookie !== undefined && (typeof cookie?.name !== "string" || !cookieName.test(cookie.name)))
    throw invalidConfig("`cookie.name` must be a cookie name, e.g. __Host-session");
  if (revoked !== undefined && typeof revoked !== "function")
    throw invalidConfig("`revoked` must be a function of the session");
  const allowed = originSet(origins);
  const checkRevoked = revoked && revocation(revoked, revokedSeconds);
  const sessions = slot<Session | undefined>();
  /** Options that were found good: guards hand over the same object with every request. */
  const checked = new WeakSet<object>();

  function find(request: SessionRequest, options = noOptions): MaybePromise<Session | undefined> {
    if (options !== noOptions && !checked.has(options)) {
      checkGuardOptions(options);
      checked.add(options);
    }
    const credentials = readCredentials(request, cookie?.name);
    if (credentials === undefined) {
      if (options.sessionRequired !== false) throw new UserMetaError("session_required", "send a session token");
      sessions.set(request, undefined);
      return undefined;
    }
    return andThen(verifier(credentials.token), (session) => admit(request, options, credentials, session));
  }

  function admit(
    request: SessionRequest,
    options: VerifySessionOptions,
    { source }: Credentials,
    session: Session,
  ): MaybePromise<Session> {
    if (!isOwnSession(session)) checkSessionUser(session?.userId); // a verifier of the application's own
    if (checkRevoked !== undefined || options.claims !== undefined || needsRecord(options))
      return examine(request, options, source, session).then((examined) => remember(request, examined));
    if (source === "cookie") checkOrigin(request, allowed);
    if (options.scopes !== undefined) checkScopes(session, options.scopes);
    return remember(request, session);
  }

  /** The same checks and those for which somebody is asked. */
  async function examine(
    request: SessionRequest,
    options: VerifySessionOptions,
    source: Credentials["source"],
    session: Session,
  ): Promise<Session> {
    const { scopes, claims, fresh, requireMetadata, metadata } = options;
    await checkRevoked?.(session);
    if (source === "cookie") checkOrigin(request, allowed);
    if (scopes !== undefined) checkScopes(session, scopes);
    if (claims !== undefined) await checkClaims(session, claims);
    if (!needsRecord(options)) return session;
    const record = await read(session.userId);
    if (fresh === "token") checkFresh(session.claims, record);
    if (requireMetadata === undefined && metadata !== true) return session;
    const documents = parseDocuments(record);
    if (requireMetadata !== undefined) await checkMetadata(documents, requireMetadata);
    if (metadata !== true) return session;
    const { public: seen, unsafe } = documents;
    return withMetadata(session, { public: seen, unsafe, version: versionOf(record, ownScopes) });
  }

  /** Of several guards of one request the one that put metadata on the session is not undone by the next. */
  function remember(request: object, session: Session): Session {
    const before = sessions.get(request);
    if (before?.metadata === undefined || before.token !== session.token) sessions.set(request, session);
    return session;
  }

  async function verifySession(request: SessionRequest): Promise<Session>;
  async function verifySession(
    request: SessionRequest,
    options: VerifySessionOptions & { readonly sessionRequired?: true },
  ): Promise<Session>;
  async function verifySession(request: SessionRequest, options?: VerifySessionOptions): Promise<Session | undefined>;
  async function verifySession(request: SessionRequest, options?: VerifySessionOptions): Promise<Session | undefined> {
    return find(request, options);
  }

  return {
    verifySession,
    guard(request, options) {
      try {
        const session = find(request, options);
        return isPromise(session) ? session.then(accepted, refused) : accepted(session);
      } catch (error) {
        return refused(error);
      }
    },
    sessionOf(request) {
      const session = sessions.get(request);
      if (session === undefined && !sessions.has(request))
        throw new UserMetaError("no_guard", "put verifySession in front of the handler that asks for the session");
      return session;
    },
  };
}

const accepted = (session: Session | undefined): Verdict => ({ session });
const refused = (error: unknown): Verdict => ({ response: errorResponse(error) });

function needsRecord({ fresh, requireMetadata, metadata }: VerifySessionOptions): boolean {
  return fresh !== undefined || requireMetadata !== undefined || metadata === true;
}

/** Throws `invalid_config`, so that nobody passes by an option that does not exist. */
function checkGuardOptions(options: VerifySessionOptions): void {
  checkOptions("verifySession", options, [
    "sessionRequired",
    "scopes",
    "claims",
    "requireMetadata",
    "metadata",
    "fresh",
  ]);
  const { sessionRequired = true, scopes = [], claims, requireMetadata, metadata = false, fresh } = options;
  if (typeof sessionRequired !== "boolean" || typeof metadata !== "boolean")
    throw invalidConfig("sessionRequired and metadata must be true or false");
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string" && scopeToken.test(scope)))
    throw invalidConfig("scopes must be a list of scopes, each without spaces, quotes and backslashes");
  checkRequirements(claims, requireMetadata);
  if (fresh !== undefined && fresh !== "token") throw invalidConfig('fresh can be "token" only');
}
