import type { JsonObject } from "@usermeta/core";
import { type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from "jose";

/** What tokens are signed with: RS256, ES256 (RFC 7518 section 3.1) or EdDSA with Ed25519 (RFC 8037). */
export type SigningAlgorithm = "RS256" | "ES256" | "EdDSA";

export const signingAlgorithms: readonly SigningAlgorithm[] = ["RS256", "ES256", "EdDSA"];

/** A key that signs. Its private half is a CryptoKey, which shows itself in no log, no JSON and no inspection. */
export interface SigningKey {
  /** Its thumbprint (RFC 7638), or the name that it was given. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  /** It signs from then on, until the next one does. Seconds since 1970. */
  readonly notBefore: number;
  /** Its tokens end by then. Known as soon as there is a next key; seconds since 1970. */
  readonly notAfter?: number | undefined;
  readonly privateKey: CryptoKey;
  /** The public half as verifiers get it. */
  readonly publicJwk: JsonObject;
}

/** The keys of a moment. */
export interface KeyRing {
  /** The one that signs. */
  readonly signer: SigningKey;
  /** Public JWKs of all whose tokens may be alive, and of those that will sign. */
  readonly published: readonly JsonObject[];
}

/**
 * Where an issuer takes its keys from: `memoryKeys()`, `fixedKeys(jwks)`, or `fileKeys(path, …)` of `@usermeta/issuer/file`.
 *
 * @param now seconds since 1970
 * @param lifetime seconds that a token lives
 */
export type SigningKeys = (now: number, lifetime: number) => Promise<KeyRing>;

/** A fresh key. */
export async function generateKey(alg: SigningAlgorithm, notBefore: number): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const numbers = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(numbers);
  return { kid, alg, notBefore, privateKey, publicJwk: toPublicJwk(numbers, kid, alg) };
}

/** The members of a JWK that anybody may see (RFC 7518 section 6): listed, so that a private one cannot slip through. */
export function toPublicJwk({ kty, crv, x, y, n, e }: JWK, kid: string, alg: SigningAlgorithm): JsonObject {
  const numbers = Object.entries({ kty, crv, x, y, n, e }).filter(([, number]) => number !== undefined);
  return { ...(Object.fromEntries(numbers) as JsonObject), kid, alg, use: "sig" };
}
