import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { segment } from "./input.ts";

/** What {@link firebase} takes. */
export interface FirebaseInput {
  /** The project's id, e.g. `"example-1a2b3"`. */
  readonly projectId: string;
}

/**
 * Firebase Authentication's ID tokens, which are its sessions. All projects share their keys: issuer and audience tell
 * them apart. Throws `invalid_config`.
 *
 * - https://firebase.google.com/docs/auth/admin/verify-id-tokens#verify_id_tokens_using_a_third-party_jwt_library
 */
export function firebase(input: FirebaseInput): JwtVerifierOptions {
  checkOptions("firebase", input, ["projectId"]);
  const projectId = segment("projectId", input.projectId);
  return {
    issuer: `https://securetoken.google.com/${projectId}`,
    audience: projectId,
    jwks: "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
    algorithms: ["RS256"],
    requiredClaims: ["auth_time"],
  };
}
