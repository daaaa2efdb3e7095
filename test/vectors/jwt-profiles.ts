import type { HostOptions } from "./host-process.ts";

/** What `jwt-build.mjs` makes anew in every process. */
export interface BuiltKeys {
  readonly JWKS: { readonly keys: readonly object[] };
  readonly ISS: string;
  readonly AUD: string;
  readonly hmac1: Uint8Array;
}

/** The guards under test: the host of every profile. */
export const profiles: readonly string[] = ["jwks", "strict-at", "azp", "scope", "maxage", "hs", "cookie", "optional"];

/** The key of the admin routes, by which tests see what was stored. */
export const adminKey = "the-admin-key-of-the-jwt-vectors-0123456789";

/** How a profile's host is configured: with the key set itself, or with the address where it is published. */
export function hostOptions(profile: string, { JWKS, ISS, AUD, hmac1 }: BuiltKeys, jwksUrl?: string): HostOptions {
  const base = { issuer: ISS, audience: AUD, clockTolerance: 5, maxTokenBytes: 8192 };
  const jwks = {
    ...base,
    ...(jwksUrl === undefined ? { jwks: JWKS } : { jwksUrl }),
    algorithms: ["RS256", "ES256", "EdDSA"],
  };
  const host = { adminKey, verifier: jwks };
  switch (profile) {
    case "jwks":
    case "optional":
      return host;
    case "strict-at":
      return { ...host, verifier: { ...jwks, typ: "at+jwt" } };
    case "azp":
      return { ...host, verifier: { ...jwks, authorizedParties: ["https://app.test"] } };
    case "scope":
      return { ...host, scopes: ["metadata:write"] };
    case "maxage":
      return { ...host, verifier: { ...jwks, maxTokenAge: 3600 } };
    case "hs":
      return {
        ...host,
        verifier: { ...base, secret: Buffer.from(hmac1).toString("base64url"), algorithms: ["HS256"] },
      };
    case "cookie":
      return { ...host, cookie: { name: "__session" }, origins: ["https://app.test"] };
    default:
      throw new Error(`no host for the profile ${profile}`);
  }
}
