import type { HttpResponse } from "@usermeta/core";
import type { Asset, Page } from "#page";

/** What the page has to know before it has any credentials. Nothing in it is secret. */
export interface Settings {
  /** What the page sends along: the browser's cookie, or what somebody types in. */
  readonly credentials: "key" | "token" | "cookie";
  readonly limits: { readonly characters: Readonly<Record<string, number>>; readonly depth: number };
}

/** Headers of everything that belongs to the page (ASVS 5.0.0 section 3.4). */
const hardened = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** Nothing is loaded from elsewhere, nothing runs that this answer does not name, and no script can write HTML. */
const policy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");

const icon =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E%3Crect width='16' height='16' rx='4' fill='%234a55d8'/%3E%3Cpath d='M5 4.5v4a3 3 0 0 0 6 0v-4' fill='none' stroke='white' stroke-width='2' stroke-linecap='round'/%3E%3C/svg%3E";

/**
 * The page without its data.
 *
 * @param base where its files lie, relative to its own address
 */
export function pageResponse({ script, style }: Page, settings: Settings, base: string): HttpResponse {
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))));
  const json = JSON.stringify(settings).replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>usermeta console</title>
<link rel="icon" href="${icon}">
<link rel="stylesheet" nonce="${nonce}" href="${base}${style.name}">
<script type="module" nonce="${nonce}" src="${base}${script.name}"></script>
</head>
<body data-settings="${json}"></body>
</html>
`;
  return {
    status: 200,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-length": String(body.length),
      "cache-control": "no-store", // the nonce is for this answer alone
      "content-security-policy": policy(nonce),
      "permissions-policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
      "cross-origin-opener-policy": "same-origin",
      "x-frame-options": "DENY",
      ...hardened,
    },
    body,
  };
}

/** One of its files. Compression is the application's or its proxy's: Next drops a route's `content-encoding`. */
export function assetResponse({ type, text: body }: Asset): HttpResponse {
  return {
    status: 200,
    headers: {
      "content-type": type,
      "content-length": String(body.length),
      "cache-control": "public, max-age=31536000, immutable", // the name changes with the content
      ...hardened,
    },
    body,
  };
}
