import { checkOptions, invalidConfig } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { segment, texts } from "./input.ts";

/** What {@link cognito} takes. */
export interface CognitoInput {
  /** The user pool's id, e.g. `"eu-west-1_AbCdEfGhI"`. */
  readonly userPoolId: string;
  /** The app clients whose users may come. */
  readonly clientId: string | readonly string[];
}

/**
 * Access tokens of an Amazon Cognito user pool. They name their app client in `client_id`, and mostly have no `aud`.
 * ID tokens are refused: they tell a client who signed in, and grant nothing. Throws `invalid_config`.
 *
 * - https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
 * - https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
 */
export function cognito(input: CognitoInput): JwtVerifierOptions {
  checkOptions("cognito", input, ["userPoolId", "clientId"]);
  const userPoolId = segment("userPoolId", input.userPoolId);
  const [, region] = /^((?!cn-)[a-z]+(?:-[a-z]+)+-\d+)_[A-Za-z\d]+$/.exec(userPoolId) ?? []; // China has other hosts
  if (region === undefined) throw invalidConfig("`userPoolId` must be a region and an id, e.g. eu-west-1_AbCdEfGhI");
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${userPoolId}`;
  return {
    issuer,
    audience: false,
    jwks: `${issuer}/.well-known/jwks.json`,
    algorithms: ["RS256"],
    claims: { token_use: "access", client_id: texts("clientId", input.clientId) },
  };
}
