import { type JsonObject, jwtVerifier, type SessionIssuer, type TokenUser, UserMetaError } from "@usermeta/core";
import { decodeJwt } from "jose";

export const issuer = "https://app.example";
export const audience = "https://api.example";
export const passphrase = "correct horse battery staple, at least 32";

/** A user with this metadata. */
export function userOf({
  userId = "ada",
  public: open = {},
  unsafe = {},
  mv = "0",
}: Partial<TokenUser> = {}): TokenUser {
  return { userId, public: open, unsafe, mv };
}

/** The claims of a token that is issued to this user, as jwtVerifier reads them from the issuer's own key set. */
export async function claimsOf(from: SessionIssuer, user: Partial<TokenUser> = {}): Promise<JsonObject> {
  const { token } = await from.issue({ user: userOf(user) });
  const { keys } = await from.keySet();
  const { claims } = await jwtVerifier({ issuer, audience, keys, clock: () => at(token) })(token);
  return claims;
}

/** The time at which a token was made, in milliseconds. */
export const at = (token: string): number => Number(decodeJwt(token).iat) * 1000;

/** `code: message` of what is thrown, for assertions; other errors are thrown on. */
export async function refusal(work: () => unknown): Promise<string> {
  try {
    await work();
  } catch (error) {
    if (error instanceof UserMetaError) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing thrown";
}
