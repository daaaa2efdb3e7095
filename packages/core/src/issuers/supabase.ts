import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { baseUrl, oneText } from "./input.ts";

/** What {@link supabase} takes. */
export interface SupabaseInput {
  /** The project's URL, e.g. `"https://abcdefghijklmnop.supabase.co"`. */
  readonly url: string;
  /** The legacy JWT secret, for projects that do not sign with keys yet. */
  readonly secret?: string | undefined;
}

/**
 * Supabase's access tokens of signed-in users, anonymous sign-ins included. The `anon` and `service_role` keys of old
 * projects are JWTs too, and refused. Throws `invalid_config`.
 *
 * - https://supabase.com/docs/guides/auth/jwt-fields
 * - https://supabase.com/docs/guides/auth/signing-keys
 */
export function supabase(input: SupabaseInput): JwtVerifierOptions {
  checkOptions("supabase", input, ["url", "secret"]);
  const { url, secret } = input;
  const issuer = `${baseUrl("url", url)}/auth/v1`;
  return {
    issuer,
    audience: "authenticated",
    ...(secret === undefined
      ? { jwks: `${issuer}/.well-known/jwks.json`, algorithms: ["ES256", "RS256"] }
      : { secret: oneText("secret", secret), algorithms: ["HS256"] }),
    requiredClaims: ["session_id"],
  };
}
