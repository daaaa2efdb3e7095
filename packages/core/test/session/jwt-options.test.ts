import { describe, expect, test } from "vitest";
import { type JwtVerifierOptions, jwtVerifier } from "../../src/session/jwt.ts";
import { audience, issuer, keySet, keys, publicJwk, refusal, secret } from "./tokens.ts";

const publicPem = keys.rsa.publicKey.export({ type: "spki", format: "pem" }).toString();
const privateJwk = keys.rsa.privateKey.export({ format: "jwk" });
const octJwk = { kty: "oct", k: "x".repeat(43), alg: "HS256" };
const build = (options: object) => jwtVerifier({ issuer, audience, ...options } as JwtVerifierOptions);
const jwks = keySet;

test.each<object>([
  { jwks },
  { keys: keySet.keys },
  { jwks: { keys: [...keySet.keys, octJwk] } },
  { jwks: "https://issuer.test/jwks.json" },
  { jwks: new URL("https://issuer.test/jwks.json") },
  { jwks: "http://localhost:8080/jwks.json" },
  { jwks: "http://127.0.0.1:8080/jwks.json" },
  { jwks: "http://[::1]:8080/jwks.json" },
  { secret },
  { jwks: async () => "https://issuer.test/jwks.json" },
  { jwks, issuer: false },
  { jwks, claims: { token_use: "access", level: [1, 2, null], verified: true }, requiredClaims: ["sid"] },
  { secret: Buffer.alloc(48, 1), algorithms: ["HS384"] },
  { jwks, secret: undefined, algorithms: ["ES256"], authorizedParties: ["a"], maxTokenAge: 0.5, clockTolerance: 0 },
])("a verifier is built with %o", (options) => {
  expect(build(options)).toBeTypeOf("function");
});

const wrong: Record<string, Record<string, object>> = {
  "an issuer that is": {
    missing: { jwks, issuer: undefined },
    empty: { jwks, issuer: "" },
    "a list": { jwks, issuer: [issuer] },
  },
  "an audience that is": {
    missing: { jwks, audience: undefined },
    empty: { jwks, audience: "" },
    "an empty list": { jwks, audience: [] },
    "a list with a hole": { jwks, audience: [undefined] },
    true: { jwks, audience: true },
  },
  "keys that are": {
    missing: {},
    "doubly given": { jwks, secret },
    "given three times": { jwks, keys: keySet.keys, secret },
    "an empty set": { jwks: { keys: [] } },
    "no set": { jwks: {} },
    null: { jwks: null },
    "a set of null": { jwks: { keys: [null] } },
    "no list": { keys: publicJwk("rsa") },
    symmetric: { keys: [octJwk] },
    "partly symmetric": { keys: [...keySet.keys, octJwk] },
    "a symmetric set": { jwks: { keys: [octJwk] } },
    private: { keys: [privateJwk] },
    "partly private": { jwks: { keys: [...keySet.keys, privateJwk] } },
    "for encryption": { keys: [publicJwk("rsa", { use: "enc" })] },
    "for wrapping": { keys: [publicJwk("rsa", { key_ops: ["wrapKey"] })] },
    "too short": { keys: [publicJwk("small")] },
    "with an exponent of 1": { keys: [publicJwk("rsa", { e: "AQ" })] },
    "with an even exponent": { keys: [publicJwk("rsa", { e: "AQAC" })] },
    "without numbers": { keys: [{ kty: "RSA" }] },
    "with numbers that are none": { keys: [publicJwk("rsa", { n: "*".repeat(400) })] },
    "of no algorithm in use": { keys: [publicJwk("ec")], algorithms: ["RS256"] },
    "on another curve": { keys: [publicJwk("ec", { crv: "P-384" })] },
  },
  "a key set's address that is": {
    "no URL": { jwks: "issuer.test/jwks.json" },
    empty: { jwks: "" },
    "plain http": { jwks: "http://issuer.test/jwks.json" },
    "nearly localhost": { jwks: "http://localhost.evil.test/" },
    "nearly loopback": { jwks: "http://127.0.0.1.evil.test/" },
    "a file": { jwks: "file:///etc/passwd" },
    "with credentials": { jwks: "https://user:pass@issuer.test/" },
  },
  "algorithms that are": {
    "an empty list": { jwks, algorithms: [] },
    none: { jwks, algorithms: ["none"] },
    "partly none": { jwks, algorithms: ["RS256", "none"] },
    unknown: { jwks, algorithms: ["RS257"] },
    "a name of Object's": { jwks, algorithms: ["constructor"] },
    "in another case": { jwks, algorithms: ["rs256"] },
    "of two families": { secret, algorithms: ["HS256", "RS256"] },
    "of two families, with public keys": { jwks, algorithms: ["HS256", "RS256"] },
    "symmetric, with public keys": { jwks, algorithms: ["HS256"] },
    "asymmetric, with a secret": { secret, algorithms: ["RS256"] },
    "a text": { jwks, algorithms: "RS256" },
    null: { jwks, algorithms: null },
  },
  "a secret that is": {
    undefined: { secret: undefined },
    null: { secret: null },
    empty: { secret: "" },
    "empty bytes": { secret: new Uint8Array() },
    "too short": { secret: "x".repeat(31) },
    "too short for HS512": { secret: Buffer.alloc(63, 1), algorithms: ["HS256", "HS512"] },
    "a PEM": { secret: publicPem },
    "a PEM behind blanks": { secret: `\n key: ${publicPem}` },
    "a PEM in bytes": { secret: Buffer.from(publicPem) },
    "a JWK": { secret: JSON.stringify(publicJwk("rsa")) },
    "a key set in bytes": { secret: Buffer.from(JSON.stringify(keySet)) },
    "a list of numbers": { secret: [...secret] },
  },
  "options that are": {
    missing: undefined as unknown as object,
    misspelt: { jwks, authorisedParties: ["https://app.test"] },
    "a tolerance below 0": { jwks, clockTolerance: -1 },
    "a tolerance without end": { jwks, clockTolerance: Number.POSITIVE_INFINITY },
    "a tolerance in words": { jwks, clockTolerance: "5 s" },
    "an age of nothing": { jwks, maxTokenAge: 0 },
    "no age at all": { jwks, maxTokenAge: Number.NaN },
    "a length of nothing": { jwks, maxTokenBytes: 0 },
    "no parties": { jwks, authorizedParties: [] },
    "a party that is no list": { jwks, authorizedParties: "https://app.test" },
    "an empty type": { jwks, typ: "" },
    "claims in a list": { jwks, claims: ["sid"] },
    "a claim from a missing variable": { jwks, claims: { client_id: undefined } },
    "a claim of a missing variable among others": { jwks, claims: { client_id: ["a", undefined] } },
    "a claim that may be nothing": { jwks, claims: { client_id: [] } },
    "a claim that is null": { jwks, claims: { client_id: null } },
    "a claim in an object": { jwks, claims: { client_id: { a: true } } },
    "required claims in a text": { jwks, requiredClaims: "sid" },
    "a required claim without a name": { jwks, requiredClaims: [""] },
    "a stopped clock": { jwks, clock: 0 },
  },
};

describe.each(Object.entries(wrong))("no verifier is built with %s", (_, cases) => {
  test.each(Object.entries(cases))("%s", async (name, options) => {
    const attempt = () =>
      options === undefined ? jwtVerifier(undefined as unknown as JwtVerifierOptions) : build(options);
    expect(attempt, name).toThrow(); // at once, not later
    const { message } = await refusal(attempt, "invalid_config");
    expect(message).not.toContain("BEGIN");
  });
});
