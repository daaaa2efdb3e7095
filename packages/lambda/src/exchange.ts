import { STATUS_CODES } from "node:http";
import type { HttpRequest, HttpResponse, SessionRequest } from "@usermeta/core";
import type { HttpEvent, HttpResult, Values } from "./event.ts";

/** What core needs to find the session. Headers are looked up when asked for, most of them never. */
export function toRequest(event: HttpEvent): SessionRequest & { readonly method: string } {
  const authorization = headerLines(event, "authorization");
  const get = (name: string): string | undefined => {
    const lines = name === "authorization" ? authorization : headerLines(event, name);
    return lines.length === 0 ? undefined : lines.join(name === "cookie" ? "; " : ", ");
  };
  return {
    method: event.requestContext?.http?.method ?? event.httpMethod ?? "GET",
    headers: { get },
    rawHeaders: authorization.flatMap((line) => ["authorization", line]), // others may be repeated
  };
}

/** The same for a route, `undefined` when the event is for somebody else. */
export function toHttpRequest(event: HttpEvent, prefix: string): HttpRequest | undefined {
  const path = (event.rawPath ?? event.path ?? "/").replaceAll("?", "%3F"); // HTTP APIs deliver decoded paths
  const { stage = "$default" } = event.requestContext ?? {};
  // HTTP APIs leave the name of the stage in front of the path, REST APIs take it away.
  const prefixes = event.version === undefined || stage === "$default" ? [prefix] : [`/${stage}${prefix}`, prefix];
  const base = prefixes.find((start) => path.startsWith(`${start}/`));
  if (base === undefined) return undefined;
  const query = queryOf(event);
  const body = event.isBase64Encoded ? Buffer.from(event.body ?? "", "base64") : (event.body ?? "");
  return { ...toRequest(event), url: path.slice(base.length) + (query && `?${query}`), body };
}

/** The lines of one header. Payload 1.0 and load balancers keep names in the case in which they came. */
function headerLines({ version, headers, multiValueHeaders, cookies = [] }: HttpEvent, name: string): string[] {
  const values = multiValueHeaders ?? headers ?? {};
  const lines = Object.keys(values)
    .filter((key) => key.length === name.length && key.toLowerCase() === name) // the length spares most comparisons
    .flatMap((key) => values[key] ?? []);
  if (name === "cookie") return [...lines, ...cookies];
  // Payload 2.0 joins repeated lines with bare commas; core knows them by the comma and the space of RFC 9110.
  if (name === "authorization" && version === "2.0" && lines[0]?.includes(","))
    return lines.map((line) => line.replace(/,(?=[\w-]+ )/g, ", "));
  return lines;
}

/** The query as it came, where the platform tells; else encoded anew. */
function queryOf(event: HttpEvent): string {
  const raw = event.rawQueryString ?? event.rawQuery;
  if (raw !== undefined) return raw;
  const parameters = pairs(event.multiValueQueryStringParameters ?? event.queryStringParameters);
  if (event.requestContext?.elb === undefined) return new URLSearchParams(parameters).toString();
  return parameters.map(([name, value]) => (value === "" ? name : `${name}=${value}`)).join("&"); // encoded still
}

function pairs(values: Values<string | string[]>): [name: string, value: string][] {
  return Object.entries(values ?? {}).flatMap(([name, value = []]) =>
    [value].flat().map((one): [string, string] => [name, one]),
  );
}

/** Core's answer, whole. A stream is collected, but for event streams, which would never end. */
export async function toResult(event: HttpEvent, { status, headers, body }: HttpResponse): Promise<HttpResult> {
  if (headers["content-type"]?.startsWith("text/event-stream")) return toResult(event, cannotStream);
  const isBytes = body instanceof Uint8Array;
  const isMultiple = !event.headers && event.multiValueHeaders;
  return {
    statusCode: status,
    ...(event.requestContext?.elb && { statusDescription: `${status} ${STATUS_CODES[status]}` }),
    ...(isMultiple
      ? { multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])) }
      : { headers: { ...headers } }),
    body: isBytes ? Buffer.from(body).toString("base64") : await collect(body),
    isBase64Encoded: isBytes,
  };
}

async function collect(body: string | AsyncIterable<string>): Promise<string> {
  if (typeof body === "string") return body;
  let text = "";
  for await (const chunk of body) text += chunk;
  return text;
}

/** As API Gateway says it. */
export const notFound: HttpResponse = {
  status: 404,
  headers: { "content-type": "application/json" },
  body: '{"message":"Not Found"}',
};

const cannotStream: HttpResponse = {
  status: 501,
  headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
  body: JSON.stringify({
    type: "urn:usermeta:error:not_supported",
    title: "This cannot be done here",
    status: 501,
    code: "not_supported",
    detail: "a function that answers with whole bodies cannot stream; read again with If-None-Match",
  }),
};
