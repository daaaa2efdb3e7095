import { createUserMeta, jwtVerifier, memoryStore, type UserMeta } from "@usermeta/core";
import type { Setup } from "../http/setup.ts";

/** usermeta with its defaults: keys from the issuer's URL, 20,000 tokens remembered. */
export function usermeta({ issuer, audience }: Setup): UserMeta {
  return createUserMeta({
    store: memoryStore(),
    verifier: jwtVerifier({ issuer, audience, jwks: `${issuer}jwks.json` }),
  });
}
