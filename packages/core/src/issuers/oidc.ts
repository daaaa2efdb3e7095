import { checkOptions } from "../errors.ts";
import type { JwtVerifierOptions } from "../session/jwt.ts";
import { fetchJson, keySetUrl } from "../session/remote-keys.ts";
import { baseUrl, oneText, texts } from "./input.ts";

/** What {@link oidc} takes. */
export interface OidcInput {
  /** The issuer, an https URL written exactly as in its own metadata and in `iss`. */
  readonly issuer: string;
  /** What the tokens' `aud` must name: this API. */
  readonly audience: string | readonly string[];
}

/**
 * Any issuer that publishes its metadata. The address of the key set is looked up with each fetch of the set, the first
 * when a token needs it: an application starts while its issuer is down, and keys survive as with any other address.
 * Metadata that names another issuer is refused. Throws `invalid_config`.
 *
 * - https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */
export function oidc(input: OidcInput): JwtVerifierOptions {
  checkOptions("oidc", input, ["issuer", "audience"]);
  const issuer = oneText("issuer", input.issuer);
  const base = baseUrl("issuer", issuer.replace(/\/$/, "")); // section 4.1 of it; the slash still counts in `iss`
  const metadata = new URL(`${base}/.well-known/openid-configuration`);
  return {
    issuer,
    audience: texts("audience", input.audience),
    jwks: (signal) => findKeySet(metadata, issuer, signal),
  };
}

/** The key set's address by the issuer's metadata; rejects when that is another's, or would leave https. */
async function findKeySet(metadata: URL, issuer: string, signal: AbortSignal): Promise<URL> {
  const { issuer: named, jwks_uri: address } = (await fetchJson(metadata, signal)) as Readonly<Record<string, unknown>>;
  // Section 4.3: whoever answers here must not speak for somebody else.
  if (named !== issuer) throw new Error("the metadata names another issuer than the configured one");
  if (typeof address !== "string") throw new Error("the metadata names no key set");
  const url = keySetUrl(address, "jwks_uri");
  if (metadata.protocol === "https:" && url.protocol !== "https:")
    throw new Error("the key set must be found over https, as its address was");
  return url;
}
