import type { IncomingMessage } from "node:http";
import { errorResponse, type HttpResponse, UserMetaError } from "@usermeta/core";

/** Whether an address to listen on can be reached from this machine only. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

/**
 * What protects an API without a key from the web pages that its own machine shows: they can send requests to
 * 127.0.0.1, and DNS can point any name there. Answers the refusal of a request that is for another name, or comes from
 * another site; `undefined` lets it pass.
 */
export function refuseStrangers({ headers }: IncomingMessage): HttpResponse | undefined {
  const { host = "", origin } = headers;
  const site = headers["sec-fetch-site"];
  const isForThisMachine = isLoopback(host.replace(/:\d+$/, ""));
  const isFromItself = origin === undefined || origin === `http://${host}` || origin === `https://${host}`;
  const isSameSite = site === undefined || site === "same-origin" || site === "none";
  if (isForThisMachine && isFromItself && isSameSite) return undefined;
  return errorResponse(
    new UserMetaError("origin_forbidden", "without a key this answers this machine's own programs only"),
  );
}
