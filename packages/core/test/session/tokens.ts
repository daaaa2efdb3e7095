import { createHmac, generateKeyPairSync, type JsonWebKey, type KeyObject, randomBytes, sign } from "node:crypto";
import { expect } from "vitest";
import { type ErrorCode, UserMetaError } from "../../src/errors.ts";

export const issuer = "https://issuer.test/";
export const audience = "https://api.test";
/** The time in these tests, in seconds since 1970. */
export const now = 1_900_000_000;

/** The issuer's keys; `evil` is somebody else's. */
export const keys = {
  rsa: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  ec: generateKeyPairSync("ec", { namedCurve: "P-256" }),
  ed: generateKeyPairSync("ed25519"),
  evil: generateKeyPairSync("rsa", { modulusLength: 2048 }),
  small: generateKeyPairSync("rsa", { modulusLength: 1024 }),
};
export const secret: Uint8Array = randomBytes(32);

/** The public half of a key as the issuer publishes it. */
export function publicJwk(name: keyof typeof keys, members: object = {}): JsonWebKey & { kid?: string } {
  return { ...keys[name].publicKey.export({ format: "jwk" }), kid: name, ...members };
}
export const keySet = { keys: [publicJwk("rsa"), publicJwk("ec"), publicJwk("ed")] };

/** A token that is valid but for what is changed; `undefined` leaves a member out, a text is taken as it is. */
export interface Recipe {
  readonly header?: object | string;
  readonly claims?: object | string | Uint8Array;
  /** The key to sign with, and how if that is not what the key is for. */
  readonly key?: KeyObject | Uint8Array;
  readonly hash?: "sha1" | "sha256" | "sha384" | "sha512";
}

export const base64url = (bytes: string | Uint8Array): string => Buffer.from(bytes).toString("base64url");

export function mint({ header, claims, key = keys.rsa.privateKey, hash = "sha256" }: Recipe = {}): string {
  const headerText =
    typeof header === "string" ? header : JSON.stringify({ alg: "RS256", kid: "rsa", typ: "JWT", ...header });
  const payload =
    typeof claims === "string" || claims instanceof Uint8Array
      ? claims
      : JSON.stringify({ iss: issuer, aud: audience, sub: "user_1", iat: now, exp: now + 3600, ...claims });
  return signed(`${base64url(headerText)}.${base64url(payload)}`, key, hash);
}

/** A text with its signature behind it. */
export function signed(text: string, key: KeyObject | Uint8Array, hash = "sha256"): string {
  if (key instanceof Uint8Array) return `${text}.${createHmac(hash, key).update(text).digest("base64url")}`;
  const algorithm = key.asymmetricKeyType === "ed25519" ? null : hash;
  return `${text}.${sign(algorithm, Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url")}`;
}

/** Expects a UserMetaError with this code, thrown or rejected with, and returns it. */
export async function refusal(attempt: () => unknown, code: ErrorCode): Promise<UserMetaError> {
  const error = await (async () => attempt())().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(UserMetaError);
  expect((error as UserMetaError).code).toBe(code);
  return error as UserMetaError;
}
