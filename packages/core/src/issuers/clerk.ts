import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { baseUrl, texts } from "./input.ts";

/** What {@link clerk} takes. */
export interface ClerkInput {
  /** The Frontend API URL of the dashboard's page of API keys, e.g. `"https://clerk.example.com"`. */
  readonly frontendApi: string;
  /**
   * Origins of the applications that sign in for this API: the tokens' `azp`. `false`, written out: of any, and of apps
   * that have no origin, as native ones.
   */
  readonly authorizedParties: readonly string[] | false;
}

/**
 * Clerk's session tokens, version 2 and 1. Sessions with pending tasks (`sts`) are refused, and so is what the same keys
 * sign for other ends: tokens of JWT templates, of machines and of OAuth clients have no `sid`.
 * Throws `invalid_config`.
 *
 * - https://clerk.com/docs/guides/sessions/manual-jwt-verification
 * - https://clerk.com/docs/guides/sessions/session-tokens
 */
export function clerk(input: ClerkInput): JwtVerifierOptions {
  checkOptions("clerk", input, ["frontendApi", "authorizedParties"]);
  const issuer = baseUrl("frontendApi", input.frontendApi);
  const { authorizedParties } = input;
  return {
    issuer,
    audience: false, // session tokens have none: `azp` stands for it
    jwks: `${issuer}/.well-known/jwks.json`,
    algorithms: ["RS256"],
    typ: "JWT",
    ...(authorizedParties !== false && { authorizedParties: texts("authorizedParties", authorizedParties) }),
    claims: { sts: ["active", null] },
    requiredClaims: ["sid"],
  };
}
