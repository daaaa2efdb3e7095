import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { baseUrl, oneText, texts } from "./input.ts";

/** What {@link hanko} takes. */
export interface HankoInput {
  /** The API URL, e.g. `"https://f4…ab32.hanko.io"`. */
  readonly url: string;
  /** `session.audience` of the configuration, or else the host of the application, e.g. `"app.example"`. */
  readonly audience: string | readonly string[];
  /** `session.issuer` of the configuration. Without it the tokens have no `iss`, and one with it is refused. */
  readonly issuer?: string | undefined;
}

/**
 * Hanko's session tokens, in the cloud and self-hosted. A session that was ended earlier is good until its `exp` here:
 * only Hanko's own server can tell. Throws `invalid_config`.
 *
 * - https://docs.hanko.io/guides/session-management
 * - https://docs.hanko.io/quickstarts/backend/node
 */
export function hanko(input: HankoInput): JwtVerifierOptions {
  checkOptions("hanko", input, ["url", "audience", "issuer"]);
  const { url, audience, issuer } = input;
  return {
    issuer: issuer === undefined ? false : oneText("issuer", issuer),
    audience: texts("audience", audience),
    jwks: `${baseUrl("url", url)}/.well-known/jwks.json`,
    algorithms: ["RS256"],
    requiredClaims: ["session_id"],
  };
}
