import { WebRequest } from "@usermeta/exchange/web";

/** A request as core takes it, `undefined` when it is for somebody else. */
export function toRequest(request: Request, prefix: string): WebRequest | undefined {
  const { url } = request;
  const target = url.slice(url.indexOf("/", url.indexOf("//") + 2)); // textually: nothing is to be decoded
  return target.startsWith(`${prefix}/`) ? new WebRequest(request, target.slice(prefix.length)) : undefined;
}

/** What everybody else's paths get. */
export const notFound = (): Response => new Response("Not Found", { status: 404 });
