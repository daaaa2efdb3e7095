import { invalidConfig, jwtVerifier } from "@usermeta/core";
import type { UserMetaConfig } from "../config.ts";

/** The options of `serve` that say whose sessions are good, for those who need no configuration file. */
export interface SessionFlags {
  readonly issuer?: string;
  /** `false`: tokens made for any audience. */
  readonly audience?: readonly string[] | false;
  readonly jwksUrl?: string;
  readonly algorithms?: readonly string[];
  readonly cookie?: string;
  readonly origins?: readonly string[];
}

/** The configuration with what the options say in place of what it said. Throws `invalid_config`. */
export function withSessions(config: UserMetaConfig, flags: SessionFlags): UserMetaConfig {
  const { issuer, audience, jwksUrl, algorithms, cookie, origins } = flags;
  if (issuer === undefined && (audience ?? jwksUrl ?? algorithms) !== undefined)
    throw invalidConfig("--audience, --jwks-url and --algorithms need --issuer");
  if (issuer !== undefined && (audience === undefined || jwksUrl === undefined))
    throw invalidConfig("--issuer needs --audience (or --no-audience) and --jwks-url");
  return {
    ...config,
    ...(issuer !== undefined && {
      verifier: jwtVerifier({
        issuer,
        audience: audience as readonly string[] | false,
        jwks: jwksUrl as string,
        ...(algorithms && { algorithms }),
      }),
    }),
    ...(cookie !== undefined && { cookie: { name: cookie } }),
    ...(origins && { origins }),
  };
}
