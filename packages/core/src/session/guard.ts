import { checkOptions, invalidConfig, UserMetaError } from "../errors.ts";
import { errorResponse, type SessionRequest } from "../http.ts";
import { checkUserId } from "../metadata/user-id.ts";
import { readCredentials } from "./credentials.ts";
import { checkOrigin, originSet } from "./origin.ts";
import { challenge, invalidToken } from "./refusal.ts";
import {
  type Session,
  type SessionMetadata,
  type SessionVerifier,
  type Verdict,
  type VerifySessionOptions,
  withMetadata,
} from "./session.ts";

/** What {@link createGuard} takes. */
export interface GuardOptions {
  readonly verifier: SessionVerifier;
  /** Take the session from this cookie when there is no `Authorization` header. */
  readonly cookie?: { readonly name: string } | undefined;
  /** Origins that may write with a cookie session. @default [] */
  readonly origins?: readonly string[] | undefined;
  /** What `metadata: true` puts on a session. */
  readonly metadataOf?: ((userId: string) => Promise<SessionMetadata>) | undefined;
}

/** The three ways to ask for a request's session. None of them needs its `this`. */
export interface Guard<M = SessionMetadata> {
  /**
   * The session of a request. Throws `session_required`, `invalid_request`, `invalid_token`, `token_expired`,
   * `keys_unavailable`, `origin_forbidden` or `insufficient_scope`.
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

/** The guard in front of every route: credentials, then verifier, then origin, then requirements. */
export function createGuard({ verifier, cookie, origins = [], metadataOf }: GuardOptions): Guard {
  if (typeof verifier !== "function")
    throw invalidConfig("createUserMeta needs a verifier, e.g. jwtVerifier({ issuer, audience, jwks })");
  if (cookie !== undefined && (typeof cookie?.name !== "string" || !cookieName.test(cookie.name)))
    throw invalidConfig("`cookie.name` must be a cookie name, e.g. __Host-session");
  const allowed = originSet(origins);
  const sessions = new WeakMap<object, Session | undefined>();
  /** Options that were found good: guards hand over the same object with every request. */
  const checked = new WeakSet<object>();

  const find = (request: SessionRequest, options: VerifySessionOptions = {}): MaybePromise<Session | undefined> => {
    if (!checked.has(options)) {
      checkGuardOptions(options);
      checked.add(options);
    }
    const credentials = readCredentials(request, cookie?.name);
    if (credentials === undefined) {
      if (options.sessionRequired !== false) throw new UserMetaError("session_required", "send a session token");
      sessions.set(request, undefined);
      return undefined;
    }
    const admit = (session: Session): MaybePromise<Session> => {
      checkSession(session);
      if (credentials.source === "cookie") checkOrigin(request, allowed);
      if (options.scopes !== undefined) checkScopes(session, options.scopes);
      if (options.metadata !== true || metadataOf === undefined) return remember(session);
      return metadataOf(session.userId).then((metadata) => remember(withMetadata(session, metadata)));
    };
    const remember = (session: Session): Session => {
      sessions.set(request, session);
      return session;
    };
    const session = verifier(credentials.token);
    return isPromise(session) ? session.then(admit) : admit(session);
  };

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

type MaybePromise<T> = T | Promise<T>;

const accepted = (session: Session | undefined): Verdict => ({ session });
const refused = (error: unknown): Verdict => ({ response: errorResponse(error) });

function isPromise<T>(value: MaybePromise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function";
}

/** Throws `invalid_config`, so that nobody passes by an option that does not exist. */
function checkGuardOptions(options: VerifySessionOptions): void {
  checkOptions("verifySession", options, ["sessionRequired", "scopes", "metadata"]);
  const { sessionRequired = true, scopes = [], metadata = false } = options;
  if (typeof sessionRequired !== "boolean" || typeof metadata !== "boolean")
    throw invalidConfig("sessionRequired and metadata must be true or false");
  if (!Array.isArray(scopes) || !scopes.every((scope) => typeof scope === "string" && scopeToken.test(scope)))
    throw invalidConfig("scopes must be a list of scopes, each without spaces, quotes and backslashes");
}

/** A verifier of the application's own is held to what ours promises. */
function checkSession(session: Session | undefined): void {
  try {
    checkUserId(session?.userId);
  } catch (cause) {
    throw invalidToken("the verifier found no valid user id", cause);
  }
}

/** The `scope` claim is one string, its scopes parted by single spaces; any other form grants nothing (RFC 9068). */
function checkScopes({ claims: { scope: claim } }: Session, scopes: readonly string[]): void {
  const granted = typeof claim === "string" ? claim.split(" ") : [];
  if (scopes.every((scope) => granted.includes(scope))) return;
  throw new UserMetaError("insufficient_scope", "the session lacks a scope that this route requires", {
    headers: challenge("insufficient_scope", scopes.join(" ")),
  });
}
