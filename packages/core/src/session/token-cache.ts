import { checkOptions, invalidConfig } from "../errors.ts";
import type { VerificationKey } from "./keys.ts";
import type { Session } from "./session.ts";

/** How verified tokens are remembered, so that a token costs one signature check and not one per request. */
export interface TokenCacheOptions {
  /** Most tokens that are remembered; those unused for longest go first. A token takes about 2 KB. @default 20000 */
  readonly tokens?: number;
  /** Seconds after which a token is verified again, whatever its `exp`. @default 600 */
  readonly seconds?: number;
}

/** Whose tokens are meant: a user's, or those of one session. */
export type Whose =
  | { readonly userId: string; readonly sessionId?: undefined }
  | { readonly sessionId: string; readonly userId?: undefined };

/** A token that was verified, and what that stands on. */
export interface Verified {
  readonly session: Session;
  readonly key: VerificationKey;
  /** Seconds since 1970 from which on nothing but its expiry is remembered of it. */
  readonly end: number;
}

/**
 * Verified tokens. What is found may have expired since, or have lost its key: look before use. `now` is seconds since
 * 1970 by the verifier's clock.
 */
export interface TokenCache {
  find(token: string, now: number): Verified | undefined;
  keep(verified: Verified, now: number): void;
  forget(whose: Whose): void;
}

interface Entry extends Verified {
  readonly token: string;
  /** Seconds since 1970. */
  readonly until: number;
}

/**
 * Under what a token is looked up: the last 256 bits of its signature. Nobody can choose or guess them, so what follows
 * needs no constant time. It is found only if all its bytes are the same, or two tokens could share an entry
 * (CVE-2026-35039); comparing them costs a third of what hashing them does.
 */
const tailOf = (token: string): string => token.slice(-43);

/** The claims in which issuers name a session: OpenID Connect and Clerk, Hanko, SuperTokens. */
const sessionIdClaims = ["sid", "session_id", "sessionHandle"];

/**
 * A bounded cache of two generations: when the younger is full it becomes the older, whose unused rest is dropped. That is
 * as good as the order of last use, and a hit costs one lookup. Throws `invalid_config`.
 */
export function tokenCache(options: TokenCacheOptions): TokenCache {
  checkOptions("jwtVerifier's cache", options, ["tokens", "seconds"]);
  const { tokens = 20_000, seconds = 600 } = options;
  if (!Number.isSafeInteger(tokens) || tokens < 2 || !(seconds > 0))
    throw invalidConfig("cache needs whole `tokens` of at least 2, and `seconds` above 0");
  let young = new Map<string, Entry>();
  let old = new Map<string, Entry>();

  function add(entry: Entry): void {
    if (young.size >= tokens / 2) [old, young] = [young, new Map()];
    young.set(tailOf(entry.token), entry);
  }

  return {
    find: (token, now) => {
      const tail = tailOf(token);
      let entry = young.get(tail);
      if (entry === undefined) {
        entry = old.get(tail);
        if (entry === undefined) return undefined;
        add(entry);
      }
      return entry.token === token && now < entry.until ? entry : undefined;
    },
    keep: (verified, now) => add({ ...verified, token: verified.session.token, until: now + seconds }),
    forget: ({ userId, sessionId }) => {
      const isMeant = ({ session }: Verified): boolean =>
        sessionId === undefined
          ? session.userId === userId
          : sessionIdClaims.some((name) => session.claims[name] === sessionId);
      for (const generation of [young, old])
        for (const [tail, entry] of generation) if (isMeant(entry)) generation.delete(tail);
    },
  };
}
