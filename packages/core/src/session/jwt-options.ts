import { invalidConfig } from "../errors.ts";
import { isObject } from "../metadata/json.ts";
import type { ClaimRules } from "./claims.ts";
import type { JwtVerifierOptions } from "./jwt.ts";
import { fixedKeys, type KeySource, keyTypes } from "./keys.ts";
import { keySetUrl, remoteKeys } from "./remote-keys.ts";
import { secretKey } from "./secret.ts";
import { type TokenCache, tokenCache } from "./token-cache.ts";

/** Options as the verifier uses them: checked, and with their defaults. */
export interface JwtSettings extends ClaimRules {
  readonly keys: KeySource;
  readonly algorithms: readonly string[];
  readonly typ: string | undefined;
  readonly maxTokenBytes: number;
  readonly cache: TokenCache | undefined;
  readonly clock: () => number;
}

const secretAlgorithms = ["HS256", "HS384", "HS512"];
const known = {
  issuer: true,
  audience: true,
  jwks: true,
  keys: true,
  secret: true,
  algorithms: true,
  clockTolerance: true,
  typ: true,
  authorizedParties: true,
  claims: true,
  requiredClaims: true,
  maxTokenAge: true,
  maxTokenBytes: true,
  cache: true,
  clock: true,
} satisfies Record<keyof JwtVerifierOptions, true>;

/** Throws `invalid_config` for whatever would make the verifier lenient, or never accept anything. */
export function readJwtOptions(options: JwtVerifierOptions): JwtSettings {
  if (!isObject(options)) throw invalidConfig("jwtVerifier takes an object of options");
  // A misspelt option would be a check that never happens.
  const stray = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (stray !== undefined) throw invalidConfig(`jwtVerifier has no option \`${stray}\``);
  const { issuer, audience, typ, authorizedParties, clockTolerance = 5, maxTokenAge, maxTokenBytes = 8192 } = options;
  const { claims = {}, requiredClaims = [], cache = {}, clock = Date.now } = options;

  if (issuer !== false && !isText(issuer))
    throw invalidConfig("`issuer` is required: the exact `iss` of the tokens, or `false` for tokens without one");
  if (audience !== false && !isTexts(typeof audience === "string" ? [audience] : audience))
    throw invalidConfig("`audience` is required: the `aud` of tokens for this API, or `false` to take any");
  if (typ !== undefined && !isText(typ)) throw invalidConfig("`typ` must be a text, e.g. at+jwt");
  if (authorizedParties !== undefined && !isTexts(authorizedParties))
    throw invalidConfig("`authorizedParties` must be a list of texts that is not empty");
  if (!isObject(claims) || !Object.values(claims).every(isClaimRule))
    throw invalidConfig(
      "`claims` must name claims with the text, number or boolean that each must be, or a list of such",
    );
  if (!(Array.isArray(requiredClaims) && requiredClaims.every(isText)))
    throw invalidConfig("`requiredClaims` must be a list of names of claims");
  if (!(Number.isFinite(clockTolerance) && clockTolerance >= 0 && clockTolerance <= 600))
    throw invalidConfig("`clockTolerance` must be 0 to 600 seconds");
  if (maxTokenAge !== undefined && !(Number.isFinite(maxTokenAge) && maxTokenAge > 0))
    throw invalidConfig("`maxTokenAge` must be a number of seconds above 0");
  if (!(Number.isSafeInteger(maxTokenBytes) && maxTokenBytes > 0))
    throw invalidConfig("`maxTokenBytes` must be a whole number above 0");
  if (typeof clock !== "function") throw invalidConfig("`clock` must be a function, e.g. Date.now");

  const algorithms = readAlgorithms(options);
  return {
    issuer,
    audience: typeof audience === "string" ? [audience] : audience && [...audience],
    typ,
    authorizedParties: authorizedParties && [...authorizedParties],
    claims: Object.entries(claims).map(([name, value]) => [name, [value].flat()]),
    requiredClaims: [...requiredClaims],
    clockTolerance,
    maxTokenAge,
    maxTokenBytes,
    cache: cache === false ? undefined : tokenCache(cache),
    clock,
    algorithms,
    keys: readKeys(options, algorithms),
  };
}

/** One family, so that no public key is ever taken for a secret (CVE-2015-9235, RFC 8725 section 2.1). */
function readAlgorithms({ secret, algorithms }: JwtVerifierOptions): readonly string[] {
  const family = secret === undefined ? Object.keys(keyTypes) : secretAlgorithms;
  const usual = secret === undefined ? ["RS256", "ES256", "EdDSA"] : ["HS256"];
  const list = algorithms === undefined ? usual : algorithms;
  if (!Array.isArray(list) || list.length === 0 || !list.every((alg) => family.includes(alg)))
    throw invalidConfig(
      `\`algorithms\` must be one or more of ${family.join(", ")} with ${secret === undefined ? "public keys" : "a `secret`"}`,
    );
  return [...list];
}

function readKeys({ jwks, keys, secret }: JwtVerifierOptions, algorithms: readonly string[]): KeySource {
  if ([jwks, keys, secret].filter((source) => source !== undefined).length !== 1)
    throw invalidConfig("pass exactly one of `jwks`, `keys` and `secret`; is an environment variable missing?");
  if (secret !== undefined) return secretKey(secret, algorithms);
  if (keys !== undefined) return fixedKeys(keys, algorithms);
  if (typeof jwks === "function") return remoteKeys(jwks, algorithms);
  if (typeof jwks === "string" || jwks instanceof URL) return remoteKeys(keySetUrl(jwks), algorithms);
  if (!isObject(jwks)) throw invalidConfig("`jwks` must be a JWK Set, the URL of one, or a function that finds it");
  // A set is the issuer's document: like in a fetched one, symmetric keys published by mistake are left out.
  const published: unknown = jwks.keys;
  return fixedKeys(Array.isArray(published) ? published.filter((key) => key?.kty !== "oct") : published, algorithms);
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";
const isClaimValue = (value: unknown): boolean => isText(value) || ["number", "boolean"].includes(typeof value);
const isClaimRule = (rule: unknown): boolean =>
  Array.isArray(rule) ? rule.length > 0 && rule.every((one) => one === null || isClaimValue(one)) : isClaimValue(rule);
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isText);
