import { invalidConfig, UserMetaError } from "../errors.ts";
import { header, type SessionRequest } from "../http.ts";

/**
 * Throws `origin_forbidden` when a write with a cookie session may come from another site: its `Origin` must be listed,
 * exactly; a browser that sends none must say by `Sec-Fetch-Site` that the page is the server's own.
 */
export function checkOrigin(request: SessionRequest, origins: ReadonlySet<string>): void {
  if (!isWrite(request.method)) return;
  const origin = header(request, "origin");
  const site = header(request, "sec-fetch-site");
  if (origin === undefined ? site === "same-origin" || site === "none" : origins.has(origin)) return;
  throw new UserMetaError("origin_forbidden", "a write with a cookie session needs an Origin listed in `origins`");
}

/** No method: whoever asks holds headers only, as a server component does, and such code answers reads. */
function isWrite(method: string | undefined): boolean {
  return method !== undefined && method !== "GET" && method !== "HEAD" && method !== "OPTIONS";
}

/** The list as a set; throws `invalid_config` for an origin that no browser would ever send. */
export function originSet(origins: readonly string[]): ReadonlySet<string> {
  for (const origin of origins)
    if (!isOrigin(origin))
      throw invalidConfig("each of `origins` must be exactly an origin, e.g. https://app.example, without a path");
  return new Set(origins);
}

/** As browsers serialise it (RFC 6454 section 6.2). Apps in a shell have schemes of their own, e.g. `capacitor://localhost`. */
function isOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, origin } = new URL(text);
  return protocol === "https:" || protocol === "http:" ? origin === text : /^[a-z][\w+.-]*:\/\/[^\s/?#@]+$/.test(text);
}
