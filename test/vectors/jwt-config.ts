import { generateKeyPairSync } from "node:crypto";
import type { JwtVerifierOptions } from "@usermeta/core";

type Config = Readonly<Record<string, unknown>>;

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const secret = new Uint8Array(32).fill(7);
const good = {
  issuer: "https://issuer.test/",
  audience: "https://api.usermeta.test",
  jwks: "https://issuer.test/jwks.json",
};

/** The options of a case of group `config`: only what the case is about is wrong. */
export function faultyOptions(config: Config): JwtVerifierOptions {
  const { jwksUri, publicKey: jwk, secretBytes, secret: text, ...others } = config;
  const options: Record<string, unknown> = { ...others };
  const named = "issuer" in config || "audience" in config;
  if (!named) Object.assign(options, { issuer: good.issuer, audience: good.audience });
  if (jwksUri !== undefined) options["jwks"] = good.jwks;
  if (jwk !== undefined) options["keys"] = [complete(jwk as Config)];
  if (typeof secretBytes === "number") options["secret"] = new Uint8Array(secretBytes);
  if (text !== undefined)
    options["secret"] = text === "undefined" ? undefined : text === "…" || text === "x" ? secret : text;
  const source = ["jwks", "keys", "secret"].some((key) => key in options);
  if (!named && !source) options["jwks"] = good.jwks; // the case is about algorithms only
  if ("secret" in options && !("jwks" in options)) options["algorithms"] ??= ["HS256"];
  return options as unknown as JwtVerifierOptions;
}

/** The same options without the fault, so that refusing everything does not pass. */
export function mendedOptions(config: Config): JwtVerifierOptions {
  const { issuer, audience, jwks } = good;
  if ("publicKey" in config)
    return { issuer, audience, keys: [jwkOf("public")], algorithms: ["RS256"] } as JwtVerifierOptions;
  if ("jwksUri" in config || !("secret" in config || "secretBytes" in config))
    return { issuer, audience, jwks } as JwtVerifierOptions;
  return { issuer, audience, secret, algorithms: ["HS256"] } as JwtVerifierOptions;
}

const jwkOf = (half: "public" | "private"): object => ({
  ...(half === "public" ? publicKey : privateKey).export({ format: "jwk" }),
  kid: "k1",
  alg: "RS256",
});

/** A JWK of a case, such as `{ kty: "RSA", d: "x" }`, with the members it leaves out: a real key of that kind. */
function complete({ kty, d }: Config): object {
  if (kty === "oct") return { kty: "oct", k: Buffer.from(secret).toString("base64url"), kid: "k1", alg: "HS256" };
  return jwkOf(d === undefined ? "public" : "private");
}
