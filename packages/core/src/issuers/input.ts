import { invalidConfig } from "../errors.ts";
import { keySetUrl } from "../session/remote-keys.ts";

// What a preset was given is refused rather than mended, for an issuer is compared character for character.

/** An https address without a slash at its end, or http on localhost. Throws `invalid_config`. */
export function baseUrl(name: string, value: unknown): string {
  const text = oneText(name, value);
  const { href } = keySetUrl(text, name);
  if (/\/$|[?#]/.test(text) || (href !== text && href !== `${text}/`))
    throw invalidConfig(
      `\`${name}\` must be a URL as browsers write it, without a query and without a slash at its end`,
    );
  return text;
}

/** A host, e.g. `tenant.eu.auth0.com`. Throws `invalid_config`. */
export function host(name: string, value: unknown): string {
  const text = oneText(name, value);
  if (!/^[a-z\d](?:[a-z\d.-]*[a-z\d])?$/.test(text))
    throw invalidConfig(`\`${name}\` must be a host in lower case, without https:// and without a path`);
  return text;
}

/** A name that stands in a URL as it is. Throws `invalid_config`. */
export function segment(name: string, value: unknown): string {
  const text = oneText(name, value);
  if (!/^\w[\w.~-]*$/.test(text))
    throw invalidConfig(`\`${name}\` must be a name of letters, digits, \`_\`, \`-\`, \`.\` and \`~\``);
  return text;
}

/** A text that is not empty. Throws `invalid_config`. */
export function oneText(name: string, value: unknown): string {
  if (typeof value !== "string" || value === "")
    throw invalidConfig(`\`${name}\` must be a text; is an environment variable missing?`);
  return value;
}

/** A text, or several of which any one will do. Throws `invalid_config`. */
export function texts(name: string, value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0) throw invalidConfig(`\`${name}\` must not be an empty list`);
  return list.map((one) => oneText(name, one));
}
