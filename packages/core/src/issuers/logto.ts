import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { baseUrl, texts } from "./input.ts";

/** What {@link logto} takes. */
export interface LogtoInput {
  /** The tenant's endpoint or custom domain, e.g. `"https://tenant-id.logto.app"`. */
  readonly endpoint: string;
  /** The API's resource indicator, e.g. `"https://api.example.com"`. */
  readonly resource: string | readonly string[];
}

/**
 * Logto's access tokens for an API resource. Without a resource Logto hands out opaque tokens, which no key can verify.
 * Throws `invalid_config`.
 *
 * - https://docs.logto.io/authorization/validate-access-tokens
 * - https://docs.logto.io/authorization/api-resources/node-express
 */
export function logto(input: LogtoInput): JwtVerifierOptions {
  checkOptions("logto", input, ["endpoint", "resource"]);
  const issuer = `${baseUrl("endpoint", input.endpoint)}/oidc`;
  return {
    issuer,
    audience: texts("resource", input.resource),
    jwks: `${issuer}/jwks`,
    algorithms: ["ES384", "RS256"],
    typ: "at+jwt",
  };
}
