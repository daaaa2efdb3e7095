import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { baseUrl, segment } from "./input.ts";

/** What {@link workos} takes. */
export interface WorkosInput {
  /** The client id of the environment, e.g. `"client_01HXYZ…"`. */
  readonly clientId: string;
  /**
   * The tokens' `iss`, where it is another: `"https://api.workos.com"` in environments from before the middle of 2025, or
   * the custom authentication domain. @default "https://api.workos.com/user_management/<clientId>"
   */
  readonly issuer?: string;
}

/**
 * WorkOS AuthKit's access tokens. They name no audience: the key set is the environment's own. Throws `invalid_config`.
 *
 * - https://workos.com/docs/reference/authkit/session-tokens
 * - https://github.com/workos/workos-node/pull/1694 (which issuers there are)
 */
export function workos(input: WorkosInput): JwtVerifierOptions {
  checkOptions("workos", input, ["clientId", "issuer"]);
  const clientId = segment("clientId", input.clientId);
  const { issuer = `https://api.workos.com/user_management/${clientId}` } = input;
  return {
    issuer: baseUrl("issuer", issuer),
    audience: false,
    jwks: `https://api.workos.com/sso/jwks/${clientId}`,
    algorithms: ["RS256"],
    requiredClaims: ["sid"],
  };
}
