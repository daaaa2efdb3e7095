import crypto from "node:crypto";
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

/** Verified tokens by their digest. What is found may have expired since, or have lost its key: look before use. */
export interface TokenCache {
  find(digest: string): Verified | undefined;
  keep(digest: string, verified: Verified): void;
  forget(whose: Whose): void;
}

/**
 * The key under which a token is remembered: of all its bytes, or two tokens could share one (CVE-2026-35039), and not the
 * token itself, which memory then need not hold.
 */
export const digestOf: (token: string) => string =
  typeof crypto.hash === "function"
    ? (token) => crypto.hash("sha256", token, "base64")
    : (token) => crypto.createHash("sha256").update(token).digest("base64"); // Bun, Deno and workerd, some versions

/** The claims in which issuers name a session: OpenID Connect and Clerk, Hanko, SuperTokens. */
const sessionIdClaims = ["sid", "session_id", "sessionHandle"];

/**
 * A bounded cache of two generations: when the younger is full it becomes the older, whose unused rest is dropped. That is
 * as good as the order of last use, and a hit costs one lookup. Throws `invalid_config`.
 */
export function tokenCache(options: TokenCacheOptions, now = (): number => performance.now()): TokenCache {
  checkOptions("jwtVerifier's cache", options, ["tokens", "seconds"]);
  const { tokens = 20_000, seconds = 600 } = options;
  if (!Number.isSafeInteger(tokens) || tokens < 2 || !(seconds > 0))
    throw invalidConfig("cache needs whole `tokens` of at least 2, and `seconds` above 0");
  let young = new Map<string, Verified & { readonly until: number }>();
  let old = young;

  function add(digest: string, entry: Verified & { readonly until: number }): void {
    if (young.size >= tokens / 2) [old, young] = [young, new Map()];
    young.set(digest, entry);
  }

  return {
    find: (digest) => {
      let entry = young.get(digest);
      if (entry === undefined) {
        entry = old.get(digest);
        if (entry === undefined) return undefined;
        add(digest, entry);
      }
      return now() < entry.until ? entry : undefined;
    },
    keep: (digest, { session, key, end }) => add(digest, { session, key, end, until: now() + seconds * 1000 }),
    forget: ({ userId, sessionId }) => {
      const isMeant = ({ session }: Verified): boolean =>
        sessionId === undefined
          ? session.userId === userId
          : sessionIdClaims.some((name) => session.claims[name] === sessionId);
      for (const generation of [young, old])
        for (const [digest, entry] of generation) if (isMeant(entry)) generation.delete(digest);
    },
  };
}
