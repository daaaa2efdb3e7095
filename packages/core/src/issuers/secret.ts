import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { oneText, texts } from "./input.ts";

/** What {@link secret} takes. */
export interface SecretInput {
  /** What `iss` must be. */
  readonly issuer: string;
  /** What `aud` must name. */
  readonly audience: string | readonly string[];
  /** At least 32 random bytes, which whoever signs the tokens knows too. A string counts in UTF-8. */
  readonly secret: string | Uint8Array;
}

/**
 * Tokens signed with HS256 by the application itself. Whoever can verify them can make them: keep the secret on servers.
 * Throws `invalid_config`.
 *
 * - https://www.rfc-editor.org/rfc/rfc7518#section-3.2
 * - https://www.rfc-editor.org/rfc/rfc8725#section-3.5
 */
export function secret(input: SecretInput): JwtVerifierOptions {
  checkOptions("secret", input, ["issuer", "audience", "secret"]);
  const { issuer, audience, secret: shared } = input;
  return {
    issuer: oneText("issuer", issuer),
    audience: texts("audience", audience),
    secret: shared,
    algorithms: ["HS256"],
  };
}
