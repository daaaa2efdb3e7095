import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";

/** `"2.0"`: a function URL. `"1.0"`: a REST API for all media types. `"alb"`: a load balancer with multi-value headers. */
export type Format = "1.0" | "2.0" | "alb";

/** Functions by route key, like `"GET /whoami"` and `"ANY /usermeta/{proxy+}"`. */
export type Functions = Readonly<Record<string, (event: never, context: never) => Promise<unknown>>>;

/** A request, as far as events tell of it. */
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly lines: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

interface Result {
  readonly statusCode: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly multiValueHeaders?: Readonly<Record<string, string[]>>;
  readonly cookies?: string[];
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

/** What stands between the network and Lambda, on this machine: builds events as AWS does, and takes their results. */
export function gateway(format: Format, functions: Functions): RequestListener {
  return (req, res) =>
    void answer(format, functions, req).then(
      (result) => send(res, format, result),
      // REST APIs and function URLs say 502 to the same.
      () => send(res, format, { statusCode: 500, body: '{"message":"Internal Server Error"}' }),
    );
}

async function answer(format: Format, functions: Functions, req: IncomingMessage): Promise<Result> {
  const asked = await read(req);
  const run = find(functions, asked);
  if (run === undefined) return { statusCode: 404, body: '{"message":"Not Found"}' };
  // Events and results travel as JSON: no `undefined`, no prototypes.
  const event = JSON.parse(JSON.stringify(events[format](asked))) as never;
  const result = JSON.parse(
    JSON.stringify((await run(event, { awsRequestId: "1" } as never)) ?? null),
  ) as Result | null;
  if (typeof result?.statusCode === "number") return result;
  if (format === "2.0") return { statusCode: 200, body: typeof result === "string" ? result : JSON.stringify(result) };
  throw new Error("malformed proxy response");
}

async function read(req: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of req) chunks.push(chunk as Buffer);
  const [path, query] = split(req.url ?? "/", "?");
  const lines = req.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1] ?? ""] as const] : []));
  return { method: req.method ?? "GET", path, query, lines, body: Buffer.concat(chunks) };
}

/** The exact route, else one that ends in `{proxy+}`. HEAD goes to GET, to spare the applications a route. */
function find(functions: Functions, { method, path }: Asked): Functions[string] | undefined {
  const exact = functions[`${method === "HEAD" ? "GET" : method} ${path}`];
  if (exact !== undefined) return exact;
  const proxies = Object.keys(functions).filter((key) => /^ANY .*\/\{proxy\+\}$/.test(key));
  const key = proxies.find((one) => path.startsWith(one.slice("ANY ".length, -"{proxy+}".length)));
  return key === undefined ? undefined : functions[key];
}

const events: Readonly<Record<Format, (asked: Asked) => object>> = {
  "2.0": ({ method, path, query, lines, body }) => {
    const lower = lines.map(([name, value]) => [name.toLowerCase(), value] as const);
    const headers = lower.filter(([name]) => name !== "cookie");
    const cookies = lower.flatMap(([name, value]) => (name === "cookie" ? value.split("; ") : []));
    const type = headers.find(([name]) => name === "content-type")?.[1] ?? "";
    const isText = /^(?:text\/|application\/(?:json|javascript|xml)\b)/.test(type) && isUtf8(body);
    return {
      version: "2.0",
      routeKey: "$default",
      rawPath: path,
      rawQueryString: query,
      ...(cookies.length > 0 && { cookies }),
      headers: mapValues(group(headers), (values) => values.join(",")),
      ...(query !== "" && { queryStringParameters: mapValues(parameters(query), (values) => values.join(",")) }),
      requestContext: {
        accountId: "anonymous",
        apiId: "local",
        domainName: "local.lambda-url.eu-central-1.on.aws",
        domainPrefix: "local",
        http: { method, path, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "local" },
        requestId: "1",
        routeKey: "$default",
        stage: "$default",
        time: "20/Nov/2026:00:00:00 +0000",
        timeEpoch: 0,
      },
      ...(body.length > 0 && { body: body.toString(isText ? "utf8" : "base64") }),
      isBase64Encoded: body.length > 0 && !isText,
    };
  },
  "1.0": ({ method, path, query, lines, body }) => {
    const headers = group(lines); // names keep their case
    const values = query === "" ? null : parameters(query);
    return {
      resource: "/{proxy+}",
      path,
      httpMethod: method,
      headers: mapValues(headers, last),
      multiValueHeaders: headers,
      queryStringParameters: values && mapValues(values, last),
      multiValueQueryStringParameters: values,
      pathParameters: { proxy: path.slice(1) },
      stageVariables: null,
      requestContext: {
        accountId: "1",
        apiId: "local",
        authorizer: null,
        httpMethod: method,
        identity: { sourceIp: "127.0.0.1" },
        path: `/prod${path}`,
        protocol: "HTTP/1.1",
        requestId: "1",
        requestTimeEpoch: 0,
        resourceId: "1",
        resourcePath: "/{proxy+}",
        stage: "prod",
      },
      body: body.length > 0 ? body.toString("base64") : null,
      isBase64Encoded: body.length > 0,
    };
  },
  alb: ({ method, path, query, lines, body }) => ({
    requestContext: { elb: { targetGroupArn: "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/local/1" } },
    httpMethod: method,
    path,
    multiValueQueryStringParameters: group(query === "" ? [] : query.split("&").map((pair) => split(pair, "="))),
    multiValueHeaders: group(lines.map(([name, value]) => [name.toLowerCase(), value])),
    body: body.toString("base64"),
    isBase64Encoded: true,
  }),
};

/** A load balancer that gave lists of headers takes nothing else. */
function send(res: ServerResponse, format: Format, result: Result): void {
  const { statusCode, headers = {}, multiValueHeaders = {}, cookies, body = "", isBase64Encoded = false } = result;
  res.statusCode = statusCode;
  for (const [name, value] of Object.entries(format === "alb" ? {} : headers)) res.setHeader(name, value);
  for (const [name, values] of Object.entries(format === "2.0" ? {} : multiValueHeaders)) res.setHeader(name, values);
  if (cookies) res.setHeader("set-cookie", cookies);
  res.end(Buffer.from(body, isBase64Encoded ? "base64" : "utf8"));
}

const parameters = (query: string): Record<string, string[]> => group([...new URLSearchParams(query)]);
const last = (values: readonly string[]): string => values.at(-1) ?? "";

function split(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + separator.length)];
}

function group(entries: readonly (readonly [name: string, value: string])[]): Record<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of entries) groups.set(name, [...(groups.get(name) ?? []), value]);
  return Object.fromEntries(groups);
}

function mapValues(groups: Readonly<Record<string, string[]>>, map: (values: string[]) => string): object {
  return Object.fromEntries(Object.entries(groups).map(([name, values]) => [name, map(values)]));
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
