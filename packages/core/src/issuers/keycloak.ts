import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { baseUrl, segment, texts } from "./input.ts";

/** What {@link keycloak} takes. */
export interface KeycloakInput {
  /** Where Keycloak lies, with its path if it has one, e.g. `"https://sso.example.com"`. */
  readonly url: string;
  /** The realm's name. */
  readonly realm: string;
  /** The audience that a mapper or a client scope puts into access tokens for this API. */
  readonly audience: string | readonly string[];
  /** The clients whose users may come (`azp`). @default all of the realm that get the audience */
  readonly authorizedParties?: readonly string[];
}

/**
 * Access tokens of a Keycloak realm. ID and refresh tokens are refused, of which one is signed by the same keys.
 * Keycloak names no audience but `account` until a mapper adds one: see the first page. Throws `invalid_config`.
 *
 * - https://www.keycloak.org/docs/latest/server_admin/index.html#audience-support
 * - https://www.keycloak.org/securing-apps/oidc-layers (the key set is called certificate endpoint)
 */
export function keycloak(input: KeycloakInput): JwtVerifierOptions {
  checkOptions("keycloak", input, ["url", "realm", "audience", "authorizedParties"]);
  const { url, realm, audience, authorizedParties } = input;
  const issuer = `${baseUrl("url", url)}/realms/${segment("realm", realm)}`;
  return {
    issuer,
    audience: texts("audience", audience),
    jwks: `${issuer}/protocol/openid-connect/certs`,
    algorithms: ["RS256", "ES256", "PS256", "EdDSA"],
    ...(authorizedParties !== undefined && { authorizedParties: texts("authorizedParties", authorizedParties) }),
    claims: { typ: "Bearer" },
  };
}
