import type { HttpResponse } from "../http.ts";
import type { JsonObject } from "../metadata/json.ts";
import type { AnyDocuments, Documents } from "../metadata/record.ts";
import { checkUserId } from "../metadata/user-id.ts";
import { invalidToken } from "./refusal.ts";
import type { ClaimRequirement, MetadataRequirement } from "./requirements.ts";
import type { Whose } from "./token-cache.ts";

/** A user's metadata on the session: what the user may see of it, as it is now, whatever the token says. */
export interface SessionMetadata<D extends Documents = AnyDocuments> {
  readonly public: Partial<D["public"]>;
  readonly unsafe: Partial<D["unsafe"]>;
  /** The version of these two, see {@link UserRecord}. */
  readonly version: number;
}

/** Whoever a request acts for, as verified by a guard. */
export interface Session<M = SessionMetadata> {
  /** The token's `sub`, a valid user id. */
  readonly userId: string;
  /** The token's payload, unchanged. */
  readonly claims: JsonObject;
  /** ISO 8601 time after which the token is refused, apart from the verifier's clock tolerance. */
  readonly expiresAt: string;
  /** There with `metadata: true` of the guard. */
  readonly metadata?: M;
  /** The token itself. Not enumerable: it is in no log, no JSON and no copy of the session. */
  readonly token: string;
  /** The same as `userId`; SuperTokens' name for it. */
  getUserId(): string;
  /** The same as `claims`; SuperTokens' name for it. */
  getAccessTokenPayload(): JsonObject;
}

/**
 * Turns a token into its session, or throws `invalid_token`, `token_expired` or `keys_unavailable`. Answers without a
 * promise where it can, so that a warm guard costs no turn of the event loop.
 */
export interface SessionVerifier {
  (token: string): Session | Promise<Session>;
  /** Forgets tokens that it remembers, for {@link UserMeta.forget}. */
  readonly forget?: (whose: Whose) => void;
}

/** What a guard asks for. */
export interface VerifySessionOptions {
  /** `false`: a request without credentials passes without a session; a bad token is refused all the same. @default true */
  readonly sessionRequired?: boolean;
  /** Scopes that the token's `scope` claim must hold, every one of them (RFC 6749 section 3.3, RFC 9068 section 2.2.3). */
  readonly scopes?: readonly string[];
  /** Conditions on the claims, every one of them; see {@link hasClaim} and {@link includes}. */
  readonly claims?: readonly ClaimRequirement[];
  /** A condition on the user's live metadata, which costs a read. */
  readonly requireMetadata?: MetadataRequirement;
  /** Puts the user's live metadata on the session, which costs a read. @default false */
  readonly metadata?: boolean;
  /**
   * `"token"`: a token that is older than the last change to `public` or `unsafe` is answered by `token_stale`, so that
   * nobody acts on claims of yesterday. Costs a read.
   */
  readonly fresh?: "token";
}

/** A guard's answer: the session to go on with, or the response to send instead. */
export type Verdict<S = Session | undefined> =
  | { readonly session: S; readonly response?: undefined }
  | { readonly session?: undefined; readonly response: HttpResponse };

const methods = {
  getUserId(this: Session): string {
    return this.userId;
  },
  getAccessTokenPayload(this: Session): JsonObject {
    return this.claims;
  },
};

/** The same session with metadata; the given one may be shared by other requests. */
export function withMetadata<M>(session: Session, metadata: M): Session<M> {
  const own = { ...Object.getOwnPropertyDescriptors(session), metadata: { value: metadata, enumerable: true } };
  return Object.create(Object.getPrototypeOf(session) as object, own);
}

/** What a verifier has found out about a token. */
export interface VerifiedToken {
  readonly token: string;
  /** A valid user id. */
  readonly userId: string;
  readonly claims: JsonObject;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/**
 * The session of a verified token, for verifiers of your own; {@link jwtVerifier} makes its sessions with it too. It is
 * frozen with all its claims, for it may serve many requests. Throws `invalid_token` for what is no user id.
 */
export function createSession({ token, userId, claims, expiresAt }: VerifiedToken): Session {
  checkSessionUser(userId);
  const session = Object.create(methods) as { -readonly [K in keyof Session]: Session[K] };
  session.userId = userId;
  session.claims = freeze(claims);
  session.expiresAt = new Date(expiresAt * 1000).toISOString();
  Object.defineProperty(session, "token", { value: token }); // not enumerable
  return Object.freeze(session);
}

/** Throws `invalid_token` unless a verifier has found a user id. */
export function checkSessionUser(userId: unknown): void {
  try {
    checkUserId(userId);
  } catch (cause) {
    throw invalidToken("a session needs a valid user id, which is `sub` in a token", cause);
  }
}

/** Whether the session is one that {@link createSession} made, and thereby a good one. */
export const isOwnSession = (session: Session | null | undefined): boolean =>
  typeof session === "object" && session !== null && Object.getPrototypeOf(session) === methods;

function freeze(value: JsonObject): JsonObject {
  for (const member of Object.values(value))
    if (typeof member === "object" && member !== null) freeze(member as JsonObject);
  return Object.freeze(value);
}
