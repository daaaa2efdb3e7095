import { invalidConfig, type JsonObject } from "@usermeta/core";
import { CompactSign, type CryptoKey, calculateJwkThumbprint, compactVerify, importJWK, type JWK } from "jose";
import { type SigningAlgorithm, type SigningKeys, toPublicJwk } from "./keys.ts";

/**
 * Keys that are part of the configuration, e.g. from a secret manager, the same on every machine: the first signs, and all
 * are published. To change the key, put the new one last and deploy; an hour later put it first and deploy; take the old
 * one away once its tokens have ended. Keys that only wait or retire need no private half.
 *
 * Throws `invalid_config` for what is no key of RS256 (2,048 bits or more), ES256 or EdDSA, and for a `kid` that is there
 * twice. A missing `kid` is the key's thumbprint (RFC 7638).
 *
 * ```ts
 * const keys = await fixedKeys(JSON.parse(process.env.SIGNING_KEYS));
 * ```
 */
export async function fixedKeys(jwks: readonly JWK[]): Promise<SigningKeys> {
  if (!Array.isArray(jwks) || jwks.length === 0) throw invalidConfig("fixedKeys takes an array of JWKs, at least one");
  const keys = await Promise.all(jwks.map((jwk: unknown, i) => readJwk(jwk, `key ${i + 1} of fixedKeys`)));
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw invalidConfig("fixedKeys got one `kid` twice");
  const [first] = keys;
  if (first?.privateKey === undefined) throw invalidConfig("key 1 of fixedKeys signs: it must have its private half");
  const signer = { ...first, privateKey: first.privateKey, notBefore: 0 };
  const published = keys.map(({ publicJwk }) => publicJwk);
  return () => Promise.resolve({ signer, published });
}

interface ReadKey {
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly publicJwk: JsonObject;
  readonly privateKey: CryptoKey | undefined;
}

async function readJwk(value: unknown, at: string): Promise<ReadKey> {
  if (typeof value !== "object" || value === null) throw invalidConfig(`${at} must be a JWK`);
  const jwk = value as JWK;
  const alg = algorithmOf(jwk);
  if (alg === undefined || (jwk.use !== undefined && jwk.use !== "sig"))
    throw invalidConfig(`${at} must be a JWK for RS256, ES256 or EdDSA: look at kty, crv, alg and use`);
  if (jwk.kid !== undefined && (typeof jwk.kid !== "string" || jwk.kid === ""))
    throw invalidConfig(`the \`kid\` of ${at} must be text`);
  try {
    const kid = jwk.kid ?? (await calculateJwkThumbprint(jwk));
    const publicJwk = toPublicJwk(jwk, kid, alg);
    const publicKey = (await importJWK(publicJwk as JWK, alg)) as CryptoKey;
    if (jwk.d === undefined) return { kid, alg, publicJwk, privateKey: undefined };
    const privateKey = (await importJWK(jwk, alg, { extractable: false })) as CryptoKey;
    // Halves that do not belong together, and RSA keys that are too short, show here and not in production.
    const signed = await new CompactSign(new Uint8Array(1)).setProtectedHeader({ alg }).sign(privateKey);
    await compactVerify(signed, publicKey, { algorithms: [alg] });
    return { kid, alg, publicJwk, privateKey };
  } catch {
    // without its cause, which may quote the key
    throw invalidConfig(`${at} cannot be used: its numbers do not make a key, or an RSA key has less than 2,048 bits`);
  }
}

function algorithmOf({ kty, crv, alg }: JWK): SigningAlgorithm | undefined {
  const fitting = kty === "RSA" ? "RS256" : crv === "P-256" ? "ES256" : crv === "Ed25519" ? "EdDSA" : undefined;
  return alg === undefined || alg === fitting || (alg === "Ed25519" && fitting === "EdDSA") ? fitting : undefined;
}
