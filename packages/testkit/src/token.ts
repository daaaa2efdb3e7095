import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

/** Options for `jwtVerifier` that accept what {@link mintToken} mints, and nothing else. */
export interface TestVerifier {
  readonly issuer: string;
  readonly audience: string;
  readonly algorithms: ["ES256"];
  readonly jwks: { keys: JWK[] };
}

const issuer = "https://issuer.test/";
const audience = "https://api.test";

let made: Promise<{ readonly privateKey: CryptoKey; readonly jwk: JWK }> | undefined;

/** One key pair per process, made when it is first asked for; the private key cannot be exported. */
function keys(): NonNullable<typeof made> {
  made ??= generateKeyPair("ES256").then(async ({ privateKey, publicKey }) => ({
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid: "test", alg: "ES256", use: "sig" },
  }));
  return made;
}

/**
 * What a verifier needs in order to accept this process's test tokens.
 *
 * ```ts
 * const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
 * const token = await mintToken({ sub: "alice" });
 * ```
 */
export async function testVerifier(): Promise<TestVerifier> {
  const { jwk } = await keys();
  return { issuer, audience, algorithms: ["ES256"], jwks: { keys: [jwk] } };
}

/**
 * A signed token, by default good for an hour. Claims replace the defaults; `undefined` leaves one out.
 *
 * ```ts
 * await mintToken({ sub: "alice", scope: "metadata:write" });
 * await mintToken({ sub: "alice", exp: Math.floor(Date.now() / 1000) - 60 }); // expired
 * ```
 */
export async function mintToken(claims: JWTPayload): Promise<string> {
  const { privateKey } = await keys();
  const now = Math.floor(Date.now() / 1000);
  const payload = { iss: issuer, aud: audience, iat: now, exp: now + 3600, ...claims };
  return new SignJWT(payload).setProtectedHeader({ alg: "ES256", kid: "test", typ: "JWT" }).sign(privateKey);
}
