import type { JsonObject } from "../metadata/json.ts";

/** The user a token is made for, with the metadata that may stand in it. There is no way for `private` to get here. */
export interface TokenUser {
  readonly userId: string;
  readonly public: JsonObject;
  readonly unsafe: JsonObject;
  /** The state of these two, carried as `mv`: the ETag of the user's own routes, without its quotes. */
  readonly mv: string;
}

/** What a token is made from. */
export interface TokenGrant {
  readonly user: TokenUser;
  /** Carried as `sid`. */
  readonly sessionId?: string | undefined;
  /** The token ends by then, in seconds since 1970: it never outlives the session it was exchanged for. */
  readonly notAfter?: number | undefined;
}

/** A signed token. */
export interface IssuedToken {
  readonly token: string;
  /** ISO 8601 time of its `exp`. */
  readonly expiresAt: string;
}

/** Signs session tokens that carry metadata. `sessionIssuer()` of `@usermeta/issuer` makes one. */
export interface SessionIssuer {
  /** Signs a token. Throws `claims_too_large`. */
  issue(grant: TokenGrant): Promise<IssuedToken>;
  /** The public keys as a JWK Set (RFC 7517 section 5): those that signed tokens still alive, and the next one. */
  keySet(): Promise<{ readonly keys: readonly JsonObject[] }>;
}
