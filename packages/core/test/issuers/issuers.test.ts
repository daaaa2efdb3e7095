import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, describe, expect, test } from "vitest";
import { createUserMeta, memoryStore } from "../../src/index.ts";
import * as issuers from "../../src/issuers/index.ts";
import { type JwtVerifierOptions, jwtVerifier } from "../../src/session/jwt.ts";
import type { SessionVerifier } from "../../src/session/session.ts";
import { refusal } from "../session/tokens.ts";
import { type Change, type KeyName, sharedSecret, type Token, type Vendor, vendors } from "./vendors.ts";

const pairs = {
  rsa: await generateKeyPair("RS256", { extractable: true }),
  ec256: await generateKeyPair("ES256", { extractable: true }),
  ec384: await generateKeyPair("ES384", { extractable: true }),
  stranger: await generateKeyPair("RS256", { extractable: true }),
};
const published = await Promise.all(
  (["rsa", "ec256", "ec384"] as const).map(async (kid) => ({ ...(await exportJWK(pairs[kid].publicKey)), kid })),
);

// One issuer of all: the same keys for every vendor, so that nothing but the presets' rules tells them apart.
const server = createServer((request, response) => {
  if (request.url === "/.well-known/openid-configuration")
    return response.end(JSON.stringify({ issuer: origin, jwks_uri: `${origin}/jwks` }));
  return request.url === "/jwks" ? response.end(JSON.stringify({ keys: published })) : response.writeHead(404).end();
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
afterAll(() => server.close());

const { cookies, ...presets } = issuers;
const all = Object.entries(vendors(origin));

/** The vendor's verifier, with only the address of its keys changed. */
function verifierOf({ options, address }: Vendor): SessionVerifier {
  return jwtVerifier(
    typeof options.jwks === "string" && address !== undefined ? { ...options, jwks: `${origin}/jwks` } : options,
  );
}

async function mint({ session }: Vendor, { header, claims, key = session.key }: Change = {}): Promise<string> {
  const token: Token = { header: { ...session.header, ...header }, claims: { ...session.claims, ...claims }, key };
  const { alg, ...rest } = token.header as { alg: string };
  if (alg === "none") return `${[token.header, token.claims].map((part) => base64url(part)).join(".")}.`;
  return new SignJWT(JSON.parse(JSON.stringify(token.claims)) as Record<string, unknown>)
    .setProtectedHeader(JSON.parse(JSON.stringify({ alg, ...rest })) as { alg: string })
    .setIssuedAt()
    .setExpirationTime("10m")
    .sign(keyOf(token.key));
}
const keyOf = (name: KeyName): Parameters<SignJWT["sign"]>[0] =>
  name === "shared" ? new TextEncoder().encode(sharedSecret) : pairs[name].privateKey;
const base64url = (part: object): string => Buffer.from(JSON.stringify(part)).toString("base64url");

describe.each(all)("%s", (name, vendor) => {
  const verify = verifierOf(vendor);
  const { sub } = vendor.session.claims as { sub: string };

  test("says where its keys are, and verifies what they sign", async () => {
    const { jwks } = vendor.options;
    expect(typeof jwks === "function" ? "found" : jwks).toBe(vendor.address);
    const session = await verify(await mint(vendor));
    expect(session.userId).toBe(sub);
    expect(session.claims).toMatchObject(vendor.session.claims);
  });

  test.each(Object.entries(vendor.accepted ?? {}))("takes a session %s", async (_, change) => {
    expect((await verify(await mint(vendor, change))).userId).toBe(sub);
  });

  test.each<[string, Change]>([
    ...Object.entries(vendor.refused),
    ["signed by somebody else", { header: { alg: "RS256", kid: "rsa" }, key: "stranger" }],
    ["signed by somebody else, who says so", { header: { alg: "RS256", kid: "stranger" }, key: "stranger" }],
    ["of nobody", { claims: { sub: undefined } }],
  ])("refuses a token %s", async (_, change) => {
    await refusal(async () => verify(await mint(vendor, change)), "invalid_token");
  });

  test("refuses the session of every other vendor, even if that had the same keys", async () => {
    const others = all.filter(([other]) => other !== name);
    expect(others.length).toBeGreaterThanOrEqual(14);
    for (const [, other] of others) await refusal(async () => verify(await mint(other)), "invalid_token");
  });
});

/** The options with one rule less, under that rule's name. */
function weakened({ audience, authorizedParties, typ, requiredClaims, ...options }: JwtVerifierOptions) {
  const strict = { ...options, audience, ...given({ authorizedParties, typ, requiredClaims }) };
  const weak: Record<string, object> = {};
  if (audience !== false) weak["audience"] = { ...strict, audience: false };
  for (const name of Object.keys(given({ authorizedParties, typ, requiredClaims })))
    weak[name] = { ...strict, [name]: undefined };
  for (const name of Object.keys(options.claims ?? {})) {
    const { [name]: _, ...claims } = options.claims ?? {};
    weak[`claims.${name}`] = { ...strict, claims };
  }
  return Object.entries(weak) as [string, JwtVerifierOptions][];
}
const given = (members: object): object =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));

test.each(
  all.flatMap(([name, vendor]) => weakened(vendor.options).map(([rule, weak]) => [name, rule, vendor, weak] as const)),
)("%s needs its rule %s: without it a token passes that is refused above", async (_, __, vendor, options) => {
  const verify = verifierOf({ ...vendor, options });
  const passed = await Promise.all(
    Object.values(vendor.refused).map(async (change) => {
      const token = await mint(vendor, change);
      return (async () => verify(token))().then(
        () => true,
        () => false,
      );
    }),
  );
  expect(passed).toContain(true);
});

describe("a cookie of the vendor's", () => {
  test.each([
    ["clerk", "__session"],
    ["hanko", "hanko"],
    ["superTokens", "sAccessToken"],
  ] as const)("of %s is %s, and carries its session", async (name, cookie) => {
    const vendor = vendors(origin)[name] as Vendor;
    const meta = createUserMeta({ store: memoryStore(), verifier: verifierOf(vendor), cookie: cookies[name] });
    const { userId } = await meta.verifySession({ headers: { cookie: `other=1; ${cookie}=${await mint(vendor)}` } });
    expect(userId).toBe(vendor.session.claims["sub"]);
  });
});

const url = "https://issuer.example";
const wrong: Record<string, Record<string, object>> = {
  clerk: {
    nothing: {},
    "no parties": { frontendApi: url },
    "an empty list of parties": { frontendApi: url, authorizedParties: [] },
    "a party from a missing variable": { frontendApi: url, authorizedParties: [undefined] },
    "a slash at the end": { frontendApi: `${url}/`, authorizedParties: ["https://app.example"] },
    "a misspelt option": { frontendApi: url, authorisedParties: ["https://app.example"], authorizedParties: false },
  },
  hanko: {
    "no audience": { url },
    "plain http": { url: "http://issuer.example", audience: "a" },
    "an empty issuer": { url, audience: "a", issuer: "" },
  },
  superTokens: {
    nothing: {},
    "a path without a slash": { apiDomain: url, apiBasePath: "auth" },
    "a path with a slash at its end": { apiDomain: url, apiBasePath: "/auth/" },
    "a path that is null": { apiDomain: url, apiBasePath: null },
  },
  auth0: {
    "a URL for a domain": { domain: "https://example.eu.auth0.com", audience: "a" },
    "a path behind the domain": { domain: "example.eu.auth0.com/x", audience: "a" },
    "a domain in upper case": { domain: "Example.eu.auth0.com", audience: "a" },
    "no audience": { domain: "example.eu.auth0.com" },
    "audience false": { domain: "example.eu.auth0.com", audience: false },
  },
  supabase: {
    "no URL": { secret: "x".repeat(32) },
    "an empty secret": { url, secret: "" },
    "a short secret": { url, secret: "x".repeat(31) },
    "a URL with a query": { url: `${url}?x` },
  },
  firebase: { nothing: {}, "a project with a slash": { projectId: "a/b" }, "a project of dots": { projectId: ".." } },
  cognito: {
    "no client": { userPoolId: "eu-west-1_AbC" },
    "no region": { userPoolId: "AbC", clientId: "a" },
    "a region of China": { userPoolId: "cn-north-1_AbC", clientId: "a" },
    "an empty list of clients": { userPoolId: "eu-west-1_AbC", clientId: [] },
  },
  keycloak: {
    "no audience": { url, realm: "demo" },
    "a realm with a slash": { url, realm: "a/b", audience: "a" },
    "a client from a missing variable": { url, realm: "demo", audience: "a", authorizedParties: [undefined] },
  },
  logto: {
    "no resource": { endpoint: url },
    "credentials in the URL": { endpoint: "https://a:b@x.example", resource: "r" },
  },
  workos: { nothing: {}, "an issuer with a slash": { clientId: "client_1", issuer: `${url}/` } },
  oidc: {
    "no issuer": { audience: "a" },
    "no audience": { issuer: url },
    "an issuer on plain http": { issuer: "http://issuer.example", audience: "a" },
    "an issuer with a query": { issuer: `${url}?tenant=1`, audience: "a" },
    "an issuer with two slashes": { issuer: `${url}//`, audience: "a" },
  },
  secret: {
    "no secret": { issuer: url, audience: "a" },
    "a short secret": { issuer: url, audience: "a", secret: "x".repeat(31) },
    "no issuer": { audience: "a", secret: "x".repeat(32) },
    "issuer false": { issuer: false, audience: "a", secret: "x".repeat(32) },
  },
};

describe.each(Object.entries(wrong))("%s is not configured", (name, cases) => {
  const preset = presets[name as "oidc"];

  test.each(Object.entries(cases))("with %s", async (_, input) => {
    await refusal(() => jwtVerifier(preset(input as issuers.OidcInput)), "invalid_config");
  });

  test("without an object of options", async () => {
    await refusal(() => preset(undefined as unknown as issuers.OidcInput), "invalid_config");
    await refusal(() => preset(url as unknown as issuers.OidcInput), "invalid_config");
  });
});

test("every preset has a vendor's format, and wrong input, in these tests", () => {
  const names = Object.keys(presets);
  expect(names.sort()).toEqual(Object.keys(wrong).sort());
  expect(names.filter((name) => !all.some(([vendor]) => vendor === name))).toEqual([]);
});
