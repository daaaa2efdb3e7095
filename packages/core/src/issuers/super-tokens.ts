import { checkOptions, invalidConfig } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { baseUrl } from "./input.ts";

/** What {@link superTokens} takes: the same as `appInfo`. */
export interface SuperTokensInput {
  /** `appInfo.apiDomain`, e.g. `"https://api.example.com"`. */
  readonly apiDomain: string;
  /** `appInfo.apiBasePath`. @default "/auth" */
  readonly apiBasePath?: string;
}

/**
 * SuperTokens' session access tokens. They name no audience; what the same keys sign for other ends is refused: JWTs for
 * microservices have no `sessionHandle`, OAuth2 tokens have another `stt`. Throws `invalid_config`.
 *
 * - https://supertokens.com/docs/additional-verification/session-verification/protect-api-routes/manual-jwt-verification
 * - https://supertokens.com/docs/authentication/unified-login/verify-tokens (`stt`)
 */
export function superTokens(input: SuperTokensInput): JwtVerifierOptions {
  checkOptions("superTokens", input, ["apiDomain", "apiBasePath"]);
  const { apiDomain, apiBasePath = "/auth" } = input;
  if (typeof apiBasePath !== "string" || !/^\/$|^(?:\/[\w.~-]+)+$/.test(apiBasePath))
    throw invalidConfig("`apiBasePath` must be a path that begins with a slash and does not end with one, e.g. /auth");
  const issuer = baseUrl("apiDomain", apiDomain) + (apiBasePath === "/" ? "" : apiBasePath);
  return {
    issuer,
    audience: false,
    jwks: `${issuer}/jwt/jwks.json`,
    algorithms: ["RS256"],
    claims: { stt: [0, null] },
    requiredClaims: ["sessionHandle"],
  };
}
