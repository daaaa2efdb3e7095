import type { CryptoKey } from "jose";
import { invalidConfig } from "../errors.ts";
import type { KeySource, VerificationKey } from "./keys.ts";

/** Bytes of the hash and thereby the least of a secret (RFC 7518 section 3.2). */
const hashBytes: Readonly<Record<string, number>> = { HS256: 32, HS384: 48, HS512: 64 };

/** The one key of a shared secret; `kid` means nothing to it. Throws `invalid_config` for a secret that is none. */
export function secretKey(secret: unknown, algorithms: readonly string[]): KeySource {
  if (typeof secret !== "string" && !(secret instanceof Uint8Array))
    throw invalidConfig("`secret` must be a Uint8Array or a string; is an environment variable missing?");
  const bytes = typeof secret === "string" ? new TextEncoder().encode(secret) : Uint8Array.from(secret);
  const least = Math.max(...algorithms.map((alg) => hashBytes[alg] as number));
  if (bytes.length < least)
    throw invalidConfig(`\`secret\` must have at least ${least} bytes; take them from a CSPRNG`);
  // A public key for a secret makes everybody an issuer (CVE-2015-9235).
  if (looksLikeKey(new TextDecoder("latin1").decode(bytes)))
    throw invalidConfig("`secret` looks like a PEM or a JWK; pass a public key as `keys`");
  const keys = new Map(algorithms.map((alg) => [alg, verificationKey(bytes, alg)]));
  return { find: (alg) => keys.get(alg) };
}

function verificationKey(bytes: Uint8Array<ArrayBuffer>, alg: string): VerificationKey {
  let imported: Promise<CryptoKey> | undefined;
  return { kid: undefined, alg, numbers: "", named: true, load: () => (imported ??= importSecret(bytes, alg)) };
}

function importSecret(bytes: Uint8Array<ArrayBuffer>, alg: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: `SHA-${alg.slice(2)}` }, false, ["verify"]);
}

function looksLikeKey(text: string): boolean {
  if (text.includes("-----BEGIN")) return true;
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}
