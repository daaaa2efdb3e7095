import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { host, texts } from "./input.ts";

/** What {@link auth0} takes. */
export interface Auth0Input {
  /** The tenant's domain, or the custom one that users sign in at, e.g. `"example.eu.auth0.com"`. */
  readonly domain: string;
  /** The identifier of the API, e.g. `"https://api.example.com"`. Never the client id: that is the audience of ID tokens. */
  readonly audience: string | readonly string[];
}

/**
 * Auth0's access tokens for an API, of both token profiles. The issuer ends with a slash. Throws `invalid_config`.
 *
 * - https://auth0.com/docs/secure/tokens/access-tokens/validate-access-tokens
 * - https://auth0.com/docs/secure/tokens/access-tokens/access-token-profiles
 */
export function auth0(input: Auth0Input): JwtVerifierOptions {
  checkOptions("auth0", input, ["domain", "audience"]);
  const issuer = `https://${host("domain", input.domain)}/`;
  return {
    issuer,
    audience: texts("audience", input.audience),
    jwks: `${issuer}.well-known/jwks.json`,
    algorithms: ["RS256"],
  };
}
