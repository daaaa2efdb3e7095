import { randomBytes } from "node:crypto";
import {
  auth0,
  clerk,
  cognito,
  firebase,
  hanko,
  keycloak,
  logto,
  oidc,
  secret,
  supabase,
  superTokens,
  workos,
} from "../../src/issuers/index.ts";
import type { JwtVerifierOptions } from "../../src/session/jwt.ts";

/** The issuer's keys by kid; `stranger` is somebody else's, `shared` the secret of those who have one. */
export type KeyName = "rsa" | "ec256" | "ec384" | "stranger" | "shared";

/** A token as an issuer makes it, without its times: every one has `iat` and `exp`. */
export interface Token {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly key: KeyName;
}
/** What to change of the vendor's session; `undefined` leaves a member out. */
export type Change = Partial<Token>;

export interface Vendor {
  readonly options: JwtVerifierOptions;
  /** Where the vendor publishes its keys: `found` by a function, or nowhere. */
  readonly address: string | undefined;
  /** A session token in the vendor's own format. */
  readonly session: Token;
  /** Other session tokens of the vendor. */
  readonly accepted?: Readonly<Record<string, Change>>;
  /** What the vendor's keys sign, or anybody else's, and that is no session here. */
  readonly refused: Readonly<Record<string, Change>>;
}

const rs256 = { alg: "RS256", kid: "rsa", typ: "JWT" };
const user = "9b9f5a4e-3a5f-4b7d-9d6b-2f2f6f0f7c11";
export const sharedSecret: string = randomBytes(32).toString("base64"); // 44 characters, as vendors hand them out

const clerkIssuer = "https://clerk.app.example";
const cognitoPool = "eu-west-1_AbCdEfGhI";
const cognitoIssuer = `https://cognito-idp.eu-west-1.amazonaws.com/${cognitoPool}`;
const keycloakIssuer = "https://sso.example/realms/demo";

/** Every preset with its vendor's formats. `origin` is where the generic issuer runs. */
export const vendors = (origin: string): Readonly<Record<string, Vendor>> => ({
  clerk: {
    options: clerk({ frontendApi: clerkIssuer, authorizedParties: ["https://app.example", "http://localhost:3000"] }),
    address: `${clerkIssuer}/.well-known/jwks.json`,
    session: {
      header: { ...rs256, cat: "cl_B7d4PD111AAA", oiat: 1_700_000_000 },
      claims: {
        iss: clerkIssuer,
        azp: "https://app.example",
        sub: "user_2NNEqL2nrIRdJ194ndJqAHwEfxC",
        sid: "sess_2Q6y5j3ZkPz",
        sts: "active",
        v: 2,
        fva: [7, -1],
        jti: "3c2d6d8f7a",
        pla: "u:free",
        fea: "",
        o: { id: "org_123", rol: "admin", slg: "acme" },
      },
      key: "rsa",
    },
    accepted: {
      "of version 1": { claims: { v: undefined, sts: undefined, fva: undefined, org_id: "org_123" } },
      "without the newer header": { header: { cat: undefined, oiat: undefined } },
      "of another listed origin": { claims: { azp: "http://localhost:3000" } },
    },
    refused: {
      "with a pending task": { claims: { sts: "pending" } },
      "with a status in a list": { claims: { sts: ["active"] } },
      "of another origin": { claims: { azp: "https://evil.example" } },
      "without an origin": { claims: { azp: undefined } },
      "of a JWT template": {
        header: { cat: "cl_B7d4PD222AAA" },
        claims: { sid: undefined, v: undefined, sts: undefined, aud: "https://hasura.example" },
      },
      "of a machine": {
        header: { cat: "cl_B7d4PD333AAA" },
        claims: { sub: "mch_2x", sid: undefined, azp: undefined, scopes: "mch_3y" },
      },
      "of an OAuth client": { header: { typ: "at+jwt" }, claims: { client_id: "abc", scope: "email" } },
      "of another instance": { claims: { iss: "https://other.clerk.accounts.dev" } },
    },
  },
  hanko: {
    options: hanko({ url: "https://f4ab.hanko.io", audience: "app.example" }),
    address: "https://f4ab.hanko.io/.well-known/jwks.json",
    session: {
      header: rs256,
      claims: {
        aud: ["app.example"],
        sub: user,
        session_id: "3f1e2d9c-0d1a-4f58-8b66-0b0c9b1f5a77",
        email: { address: "ada@app.example", is_primary: true, is_verified: true },
        username: "ada",
      },
      key: "rsa",
    },
    refused: {
      "of another project": { claims: { aud: ["other.example"] } },
      "without an audience": { claims: { aud: undefined } },
      "that names an issuer": { claims: { iss: "https://evil.example" } },
      "whose issuer is null": { claims: { iss: null } },
      "without a session": { claims: { session_id: undefined } },
      "with an empty session": { claims: { session_id: "" } },
    },
  },
  "hanko with an issuer": {
    options: hanko({ url: "http://localhost:8000", audience: ["app.example"], issuer: "app" }),
    address: "http://localhost:8000/.well-known/jwks.json",
    session: {
      header: rs256,
      claims: { iss: "app", aud: ["app.example"], sub: user, session_id: "3f1e2d9c" },
      key: "rsa",
    },
    refused: {
      "without its issuer": { claims: { iss: undefined } },
      "of another issuer": { claims: { iss: "other" } },
      "of another project": { claims: { aud: ["other.example"] } },
      "without a session": { claims: { session_id: null } },
    },
  },
  superTokens: {
    options: superTokens({ apiDomain: "https://api.example" }),
    address: "https://api.example/auth/jwt/jwks.json",
    session: {
      header: { ...rs256, version: "5" },
      claims: {
        iss: "https://api.example/auth",
        sub: user,
        rsub: user,
        tId: "public",
        sessionHandle: "c0b3c2a4-52c3-4b34-8f2c-0f9d6c9e6a10",
        refreshTokenHash1: "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
        parentRefreshTokenHash1: null,
        antiCsrfToken: null,
        "st-ev": { v: true, t: 1_700_000_000_000 },
      },
      key: "rsa",
    },
    accepted: { "that names its type": { claims: { stt: 0 } } },
    refused: {
      "for OAuth2 clients": { claims: { stt: 1, client_id: "st_1", aud: ["st_1"], scp: ["profile"] } },
      "that is an ID token": { claims: { stt: 2, aud: ["st_1"] } },
      "for a microservice": {
        claims: { sessionHandle: undefined, refreshTokenHash1: undefined, source: "microservice" },
      },
      "of another application": { claims: { iss: "https://other.example/auth" } },
      "of the bare domain": { claims: { iss: "https://api.example" } },
    },
  },
  auth0: {
    options: auth0({ domain: "example.eu.auth0.com", audience: "https://api.example" }),
    address: "https://example.eu.auth0.com/.well-known/jwks.json",
    session: {
      header: rs256,
      claims: {
        iss: "https://example.eu.auth0.com/",
        sub: "auth0|64c1f2b7e5a3",
        aud: ["https://api.example", "https://example.eu.auth0.com/userinfo"],
        azp: "my_client_id",
        scope: "openid profile read:things",
        permissions: ["read:things"],
      },
      key: "rsa",
    },
    accepted: {
      "of the RFC 9068 profile": {
        header: { typ: "at+jwt" },
        claims: {
          aud: "https://api.example",
          azp: undefined,
          client_id: "my_client_id",
          jti: "73WakrfVbNJBaAmhQtEeDv",
        },
      },
    },
    refused: {
      "that is an ID token": { claims: { aud: "my_client_id", nonce: "n", sid: "s", azp: undefined } },
      "for another API": { claims: { aud: ["https://other.example"] } },
      "whose issuer lacks the slash": { claims: { iss: "https://example.eu.auth0.com" } },
      "of another tenant": { claims: { iss: "https://other.eu.auth0.com/" } },
      "of a logout": {
        header: { typ: "logout+jwt" },
        claims: { events: { "http://schemas.openid.net/event/backchannel-logout": {} } },
      },
    },
  },
  supabase: {
    options: supabase({ url: "https://abcdefghijklmnop.supabase.co" }),
    address: "https://abcdefghijklmnop.supabase.co/auth/v1/.well-known/jwks.json",
    session: {
      header: { alg: "ES256", kid: "ec256", typ: "JWT" },
      claims: supabaseClaims("abcdefghijklmnop"),
      key: "ec256",
    },
    accepted: {
      "signed by an RSA key": { header: { alg: "RS256", kid: "rsa" }, key: "rsa" },
      "of an anonymous user": { claims: { is_anonymous: true, email: "" } },
    },
    refused: {
      "signed by the legacy secret": { header: { alg: "HS256", kid: undefined }, key: "shared" },
      "for another audience": { claims: { aud: "anon" } },
      "of another project": { claims: supabaseClaims("ponmlkjihgfedcba") },
      "without a session": { claims: { session_id: undefined } },
    },
  },
  "supabase with a legacy secret": {
    options: supabase({ url: "https://legacyproject.supabase.co", secret: sharedSecret }),
    address: undefined,
    session: { header: { alg: "HS256", typ: "JWT" }, claims: supabaseClaims("legacyproject"), key: "shared" },
    refused: {
      "that is the anon key": { claims: supabaseKey("anon") },
      "that is the service key": { claims: supabaseKey("service_role") },
      "signed by a key": { header: { alg: "ES256", kid: "ec256" }, key: "ec256" },
      "for another audience": { claims: { aud: "anon" } },
      "that the application made for itself": { claims: { session_id: undefined } },
    },
  },
  firebase: {
    options: firebase({ projectId: "example-1a2b3" }),
    address: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    session: {
      header: rs256,
      claims: {
        iss: "https://securetoken.google.com/example-1a2b3",
        aud: "example-1a2b3",
        auth_time: 1_700_000_000,
        user_id: "Q1w2E3r4T5",
        sub: "Q1w2E3r4T5",
        firebase: { identities: { email: ["ada@app.example"] }, sign_in_provider: "password" },
      },
      key: "rsa",
    },
    refused: {
      "of another project": { claims: { iss: "https://securetoken.google.com/other", aud: "other" } },
      "of another project for this one": { claims: { iss: "https://securetoken.google.com/other" } },
      "for another project": { claims: { aud: "other" } },
      "that is a session cookie": { claims: { iss: "https://session.firebase.google.com/example-1a2b3" } },
      "that is a custom token": {
        claims: {
          iss: "robot@example-1a2b3.iam.gserviceaccount.com",
          aud: "https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit",
          uid: "Q1w2E3r4T5",
        },
      },
      "without a sign-in": { claims: { auth_time: undefined } },
      "of the emulator": { header: { alg: "none", kid: undefined } },
    },
  },
  cognito: {
    options: cognito({ userPoolId: cognitoPool, clientId: ["1example23456789", "2example"] }),
    address: `${cognitoIssuer}/.well-known/jwks.json`,
    session: {
      header: { alg: "RS256", kid: "rsa" },
      claims: {
        sub: user,
        "cognito:groups": ["admin"],
        iss: cognitoIssuer,
        version: 2,
        client_id: "1example23456789",
        origin_jti: "c1",
        event_id: "e1",
        token_use: "access",
        scope: "aws.cognito.signin.user.admin",
        auth_time: 1_700_000_000,
        jti: "j1",
        username: "ada",
      },
      key: "rsa",
    },
    accepted: {
      "of another listed client": { claims: { client_id: "2example" } },
      "bound to a resource": { claims: { aud: "https://api.example" } },
    },
    refused: {
      "that is an ID token": {
        claims: { token_use: "id", client_id: undefined, aud: "1example23456789", "cognito:username": "ada" },
      },
      "that is an ID token with a client": { claims: { token_use: "id" } },
      "that is an ID token with a custom client_id": { claims: { token_use: undefined, aud: "1example23456789" } },
      "of another client": { claims: { client_id: "9example" } },
      "without a client": { claims: { client_id: undefined } },
      "of another pool": { claims: { iss: "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Other" } },
    },
  },
  keycloak: {
    options: keycloak({
      url: "https://sso.example",
      realm: "demo",
      audience: "https://api.example",
      authorizedParties: ["web"],
    }),
    address: `${keycloakIssuer}/protocol/openid-connect/certs`,
    session: {
      header: rs256,
      claims: {
        jti: "onrtac:6a1b",
        iss: keycloakIssuer,
        aud: ["https://api.example", "account"],
        sub: user,
        typ: "Bearer",
        azp: "web",
        sid: "2a88c258-f73a-4103-b862-e1fbd8f4e04e",
        acr: "1",
        "allowed-origins": ["https://app.example"],
        realm_access: { roles: ["offline_access"] },
        scope: "openid email profile",
        preferred_username: "ada",
      },
      key: "rsa",
    },
    accepted: { "with RFC 9068's header": { header: { typ: "at+jwt" } } },
    refused: {
      "that is an ID token": { claims: { typ: "ID", aud: "web" } },
      "that is an ID token for this API": { claims: { typ: "ID", aud: "https://api.example" } },
      "that is a refresh token": { claims: { typ: "Refresh", aud: keycloakIssuer } },
      "that is a refresh token, in its algorithm": {
        header: { alg: "HS512" },
        claims: { typ: "Refresh" },
        key: "shared",
      },
      "of the account console": { claims: { aud: "account" } },
      "of another client": { claims: { azp: "other" } },
      "of another realm": { claims: { iss: "https://sso.example/realms/master" } },
    },
  },
  logto: {
    options: logto({ endpoint: "https://tenant-id.logto.app", resource: "https://logto-api.example" }),
    address: "https://tenant-id.logto.app/oidc/jwks",
    session: {
      header: { alg: "ES384", kid: "ec384", typ: "at+jwt" },
      claims: {
        jti: "a1",
        sub: "foz7cm9w0yyx",
        iss: "https://tenant-id.logto.app/oidc",
        aud: "https://logto-api.example",
        client_id: "app1",
        scope: "read:things",
      },
      key: "ec384",
    },
    accepted: { "signed by an RSA key": { header: { alg: "RS256", kid: "rsa" }, key: "rsa" } },
    refused: {
      "that is an ID token": { header: { typ: "JWT" }, claims: { aud: "app1", at_hash: "x" } },
      "that is an ID token for this API": { header: { typ: "JWT" } },
      "without a type": { header: { typ: undefined } },
      "of an organization": { claims: { aud: "urn:logto:organization:o1" } },
      "for another API": { claims: { aud: "https://default.logto.app/api" } },
      "of another tenant": { claims: { iss: "https://other.logto.app/oidc" } },
    },
  },
  workos: {
    options: workos({ clientId: "client_01HXYZ" }),
    address: "https://api.workos.com/sso/jwks/client_01HXYZ",
    session: {
      header: { alg: "RS256", kid: "rsa" },
      claims: {
        iss: "https://api.workos.com/user_management/client_01HXYZ",
        sub: "user_01HBEQKA6K4QJAS93VPE39W1JT",
        act: { sub: "admin@foocorp.example" },
        org_id: "org_01HRDMC6CM357W30QMHMQ96Q0S",
        role: "member",
        permissions: ["posts:read"],
        sid: "session_01HQSXZGF8FHF7A9ZZFCW4387R",
        jti: "01HQSXZXPPFPKMDD32RKTFY6PV",
      },
      key: "rsa",
    },
    refused: {
      "of another environment": { claims: { iss: "https://api.workos.com/user_management/client_02" } },
      "of the API itself": { claims: { iss: "https://api.workos.com" } },
      "without a session": { claims: { sid: undefined } },
    },
  },
  "workos with an older issuer": {
    options: workos({ clientId: "client_01OLD", issuer: "https://api.workos.com" }),
    address: "https://api.workos.com/sso/jwks/client_01OLD",
    session: {
      header: { alg: "RS256", kid: "rsa" },
      claims: { iss: "https://api.workos.com", sub: "user_01H", sid: "session_01H" },
      key: "rsa",
    },
    refused: {
      "of a newer issuer": { claims: { iss: "https://api.workos.com/user_management/client_01OLD" } },
      "without a session": { claims: { sid: undefined } },
    },
  },
  oidc: {
    options: oidc({ issuer: origin, audience: "https://oidc-api.example" }),
    address: "found",
    session: {
      header: rs256,
      claims: { iss: origin, aud: "https://oidc-api.example", sub: user, azp: "web" },
      key: "rsa",
    },
    accepted: { "signed by an EC key": { header: { alg: "ES256", kid: "ec256" }, key: "ec256" } },
    refused: {
      "that is an ID token": { claims: { aud: "web", nonce: "n" } },
      "of another issuer": { claims: { iss: "https://other.example" } },
      "of the same issuer with a slash": { claims: { iss: `${origin}/` } },
    },
  },
  secret: {
    options: secret({ issuer: "https://app.example", audience: "https://own-api.example", secret: sharedSecret }),
    address: undefined,
    session: {
      header: { alg: "HS256", typ: "JWT" },
      claims: { iss: "https://app.example", aud: "https://own-api.example", sub: "ada" },
      key: "shared",
    },
    refused: {
      "of another issuer": { claims: { iss: "https://other.example" } },
      "for another API": { claims: { aud: "https://other.example" } },
      "signed by a key": { header: { alg: "RS256", kid: "rsa" }, key: "rsa" },
    },
  },
});

function supabaseClaims(project: string): Token["claims"] {
  return {
    iss: `https://${project}.supabase.co/auth/v1`,
    aud: "authenticated",
    sub: user,
    role: "authenticated",
    aal: "aal1",
    session_id: "5b7a2b1e-7d7f-4f2d-8a0c-4f6f3f6f3c22",
    email: "ada@app.example",
    phone: "",
    is_anonymous: false,
    amr: [{ method: "password", timestamp: 1_700_000_000 }],
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: {},
  };
}

/** The claims of a project's old API keys: nobody's session, signed by the same secret. */
function supabaseKey(role: string): Token["claims"] {
  const nothing = Object.fromEntries(Object.keys(supabaseClaims("")).map((name) => [name, undefined]));
  return { ...nothing, iss: "supabase", ref: "legacyproject", role };
}
