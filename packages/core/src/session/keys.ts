import { base64url, type CryptoKey, importJWK, type JWK } from "jose";
import { invalidConfig } from "../errors.ts";
import { isObject, type JsonObject } from "../metadata/json.ts";

/** Where a verifier's keys come from. */
export interface KeySource {
  /**
   * The key for a checked header; `undefined` when there is none; or the way to ask the issuer, where that may tell more,
   * which rejects with `keys_unavailable` when nobody can tell.
   */
  find(
    alg: string,
    kid: string | undefined,
  ): VerificationKey | undefined | (() => Promise<VerificationKey | undefined>);
}

/** A key that may verify sessions, with one algorithm (RFC 8725 section 3.1). */
export interface VerificationKey {
  readonly kid: string | undefined;
  readonly alg: string;
  /** The numbers of a public key: two keys of equal ones are the same. */
  readonly numbers: string;
  /** Whether the key itself names the algorithm, and does not merely fit it. */
  readonly named: boolean;
  /** Imported once. Rejects for a key that is none, e.g. a point off its curve. */
  load(): Promise<CryptoKey>;
}

/** Key type and curve of every asymmetric algorithm there is (RFC 7518 section 3.1, RFC 8037, RFC 9864). */
export const keyTypes: Readonly<Record<string, { readonly kty: string; readonly crv?: string }>> = {
  RS256: { kty: "RSA" },
  RS384: { kty: "RSA" },
  RS512: { kty: "RSA" },
  PS256: { kty: "RSA" },
  PS384: { kty: "RSA" },
  PS512: { kty: "RSA" },
  ES256: { kty: "EC", crv: "P-256" },
  ES384: { kty: "EC", crv: "P-384" },
  ES512: { kty: "EC", crv: "P-521" },
  EdDSA: { kty: "OKP", crv: "Ed25519" },
  Ed25519: { kty: "OKP", crv: "Ed25519" },
};

/** The keys of a set that may verify sessions; all others are left out, whatever they are. */
export function usableKeys(jwks: readonly unknown[], algorithms: readonly string[]): readonly VerificationKey[] {
  return jwks.flatMap((jwk) => verificationKey(jwk, algorithms) ?? []);
}

function verificationKey(jwk: unknown, algorithms: readonly string[]): VerificationKey | undefined {
  if (!isObject(jwk) || isSecret(jwk)) return undefined;
  const { kty, crv, kid, use, key_ops: operations, alg: own, n, e, x, y } = jwk as JWK;
  if (kid !== undefined && typeof kid !== "string") return undefined;
  if (use !== undefined && use !== "sig") return undefined;
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes("verify"))) return undefined;
  // A key that names no algorithm gets the first that fits: the token's header must not choose (CVE-2026-22817).
  const alg = algorithms.find((name) => {
    const type = keyTypes[name];
    return type?.kty === kty && (type?.crv === undefined || type.crv === crv) && (own === undefined || own === name);
  });
  if (alg === undefined || (kty === "RSA" && !isStrong(n, e))) return undefined;
  const numbers = kty === "RSA" ? { kty, n, e } : kty === "EC" ? { kty, crv, x, y } : { kty, crv, x };
  let imported: Promise<CryptoKey> | undefined;
  return {
    kid,
    alg,
    numbers: JSON.stringify(numbers),
    named: own === alg,
    load: () => (imported ??= importJWK(numbers as JWK & { kty: "RSA" }, alg)),
  };
}

/** Private and symmetric keys: they sign, and have no place where keys are only compared (RFC 7518 section 6). */
const isSecret = (jwk: JsonObject): boolean =>
  ["d", "k", "p", "q", "priv"].some((member) => Object.hasOwn(jwk, member));

/** 2,048 bits or more (NIST SP 800-131A), and an exponent that is odd and above 1: with 1, anybody signs. */
function isStrong(n: unknown, e: unknown): boolean {
  const exponent = bits(e);
  return bits(n).length >= 2048 && exponent.length > 1 && exponent.endsWith("1");
}

/** A JWK's number in binary digits, without leading zeros. */
function bits(number: unknown): string {
  if (typeof number !== "string") return "";
  try {
    const digits = Array.from(base64url.decode(number), (byte) => byte.toString(2).padStart(8, "0")).join("");
    return digits.replace(/^0+/, "");
  } catch {
    return "";
  }
}

/**
 * The one key that fits; `undefined` when none or several do. A `kid` is compared exactly. Without one a key that names
 * the algorithm goes before those that merely fit it.
 */
export function selectKey(
  keys: readonly VerificationKey[],
  alg: string,
  kid: string | undefined,
): VerificationKey | undefined {
  const fits = (key: VerificationKey): boolean => key.alg === alg && (kid === undefined || key.kid === kid);
  if (kid !== undefined) return onlyOne(keys, fits);
  const isNamed = (key: VerificationKey): boolean => key.named && fits(key);
  return onlyOne(keys, keys.some(isNamed) ? isNamed : fits);
}

/** Every request comes by here: nothing is made of what is looked through. */
function onlyOne(
  keys: readonly VerificationKey[],
  fits: (key: VerificationKey) => boolean,
): VerificationKey | undefined {
  const index = keys.findIndex(fits);
  return index === -1 || keys.findLastIndex(fits) !== index ? undefined : keys[index];
}

/** A key set that is part of the configuration. Throws `invalid_config` when it holds a secret, or nothing usable. */
export function fixedKeys(jwks: unknown, algorithms: readonly string[]): KeySource {
  if (!Array.isArray(jwks) || !jwks.every(isObject)) throw invalidConfig("a key set must be an array of JWKs");
  if (jwks.some(isSecret))
    throw invalidConfig("a key set must hold public keys only; pass a shared secret as `secret`");
  const keys = usableKeys(jwks, algorithms);
  if (keys.length === 0)
    throw invalidConfig(
      `none of the keys can verify ${algorithms.join(", ")}: look at kty, crv, alg, use, key_ops and the size (RSA: 2,048 bits)`,
    );
  return { find: (alg, kid) => selectKey(keys, alg, kid) };
}
