import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import type { JWK } from "jose";
import { serve } from "../../serve.ts";
import { userIdOf } from "../users.ts";
import type { Algorithm, Setup } from "./setup.ts";

/** An issuer of tokens that every contender takes, and what of a SuperTokens core a verification needs. */
export interface Issuer {
  setup(algorithm: Algorithm): Omit<Setup, "users">;
  /** A token of user `i`, of about 1,000 bytes. */
  mint(algorithm: Algorithm, i: number, changes?: { readonly claims?: object; readonly header?: object }): string;
  close(): Promise<void>;
}

const audience = "https://api.example";
/** SuperTokens goes by how it begins: `d-` is a key that it changes by itself. */
const kid = (algorithm: Algorithm): string => `d-${algorithm}`;

/** Serves keys on a free port of this machine. */
export async function startIssuer(): Promise<Issuer> {
  const pairs = {
    RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  };
  const jwkOf = (algorithm: Algorithm): JWK => ({
    ...(pairs[algorithm].publicKey.export({ format: "jwk" }) as JWK),
    kid: kid(algorithm),
    alg: algorithm,
    use: "sig",
  });
  let issuer = "";
  const documents: Readonly<Record<string, () => object>> = {
    "/jwks.json": () => ({ keys: [jwkOf("RS256"), jwkOf("ES256")] }),
    "/.well-known/jwks.json": () => ({ keys: [jwkOf("RS256"), jwkOf("ES256")] }),
    "/.well-known/openid-configuration": () => ({ issuer, jwks_uri: `${issuer}jwks.json` }),
    "/apiversion": () => ({ versions: ["5.0", "5.1", "5.2", "5.3", "5.4"] }),
  };
  const server = await serve((req, res) => {
    const answer = documents[req.url?.split("?")[0] ?? ""];
    res.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
    res.end(JSON.stringify(answer?.() ?? {}));
  });
  issuer = `http://127.0.0.1:${server.port}/`;
  return {
    setup: (algorithm) => ({
      issuer,
      audience,
      algorithm,
      jwk: jwkOf(algorithm),
      pem: pairs[algorithm].publicKey.export({ format: "pem", type: "spki" }) as string,
    }),
    mint: (algorithm, i, { claims, header } = {}) =>
      signed(algorithm, { ...claimsOf(issuer, i), ...claims }, pairs[algorithm].privateKey, header),
    close: () => server.close(),
  };
}

/** What an issuer of today writes, and what Clerk's and SuperTokens' verifiers insist on. */
function claimsOf(iss: string, i: number): object {
  const now = Math.floor(Date.now() / 1000);
  const hash = "0123456789abcdef".repeat(4);
  const sub = userIdOf(i);
  return {
    iss,
    aud: audience,
    sub,
    rsub: sub,
    iat: now,
    exp: now + 6 * 3600,
    sid: `sess_${i.toString(36).padStart(20, "0")}`,
    sessionHandle: `handle-${i}`,
    refreshTokenHash1: hash,
    parentRefreshTokenHash1: null,
    antiCsrfToken: null,
    tId: "public",
    email: `user.number.${i}@mail.example`,
    email_verified: true,
    roles: ["reader", "author"],
  };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A signed token. */
function signed(algorithm: Algorithm, claims: object, key: KeyObject, header?: object): string {
  const text = `${encode({ alg: algorithm, kid: kid(algorithm), typ: "JWT", version: "5", ...header })}.${encode(claims)}`;
  return `${text}.${sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}
