import { CompactEncrypt, type CryptoKey, compactDecrypt, exportJWK, importJWK, type JWK } from "jose";
import { type SigningAlgorithm, type SigningKey, signingAlgorithms, toPublicJwk } from "./keys.ts";

/** OWASP's figure for PBKDF2 with SHA-512; a tenth of a second, paid when keys are made or have changed. */
const iterations = 210_000;
const alg = "PBES2-HS512+A256KW";
const enc = "A256GCM";
const utf8 = new TextEncoder();

/**
 * Keys as an encrypted JWK Set (RFC 7517 section 7): a JWE in compact form under a passphrase (RFC 7518 section 4.8), which
 * any tool for JOSE opens. The schedule stands in `nbf` and `exp` (OpenID Federation 1.0 section 8.7).
 */
export async function seal(keys: readonly SigningKey[], passphrase: string): Promise<string> {
  const jwks = await Promise.all(keys.map(toJwk));
  return new CompactEncrypt(utf8.encode(JSON.stringify({ keys: jwks })))
    .setProtectedHeader({ alg, enc, cty: "jwk-set+json" })
    .setKeyManagementParameters({ p2c: iterations })
    .encrypt(utf8.encode(passphrase));
}

/** The keys of {@link seal}'s text. Throws for another passphrase, and for a text that was changed. */
export async function unseal(text: string, passphrase: string): Promise<readonly SigningKey[]> {
  const { plaintext } = await compactDecrypt(text, utf8.encode(passphrase), {
    keyManagementAlgorithms: [alg],
    contentEncryptionAlgorithms: [enc],
    maxPBES2Count: iterations * 10,
  });
  const { keys } = JSON.parse(new TextDecoder().decode(plaintext)) as { keys: readonly StoredJwk[] };
  if (keys.length === 0) throw new Error("the key set is empty");
  return Promise.all(keys.map(fromJwk));
}

type StoredJwk = JWK & { kid: string; alg: SigningAlgorithm; nbf: number; exp?: number };

async function toJwk({ privateKey, kid, alg, notBefore, notAfter }: SigningKey): Promise<StoredJwk> {
  const exp = notAfter === undefined ? {} : { exp: notAfter };
  return { ...(await exportJWK(privateKey)), kid, alg, use: "sig", nbf: notBefore, ...exp };
}

async function fromJwk(jwk: StoredJwk): Promise<SigningKey> {
  const { kid, alg, nbf: notBefore, exp: notAfter } = jwk;
  if (!signingAlgorithms.includes(alg) || typeof kid !== "string" || typeof notBefore !== "number")
    throw new Error("a key of the key set is not ours");
  const privateKey = (await importJWK(jwk, alg, { extractable: true })) as CryptoKey; // it goes into the next file
  return { kid, alg, notBefore, notAfter, privateKey, publicJwk: toPublicJwk(jwk, kid, alg) };
}
