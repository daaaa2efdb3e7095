import { type HttpEvent, type HttpResult, verifySession } from "@usermeta/lambda";
import { type Call, type Contender, type Contenders, hello, type Setup } from "../http/setup.ts";
import { usermeta } from "./usermeta.ts";

const answer = async (): Promise<HttpResult> => ({
  statusCode: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(hello),
  isBase64Encoded: false,
});

/** An event of an HTTP API as text, which the runtime parses before it calls the handler; in two halves around the token. */
const [before, after] = JSON.stringify({
  version: "2.0",
  routeKey: "GET /",
  rawPath: "/",
  rawQueryString: "",
  headers: {
    accept: "*/*",
    "accept-encoding": "gzip, deflate, br",
    authorization: "Bearer TOKEN",
    "content-length": "0",
    host: "abcdefghij.execute-api.eu-central-1.amazonaws.com",
    "user-agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0 Safari/537.36",
    "x-amzn-trace-id": "Root=1-691f0b0a-0123456789abcdef01234567",
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-port": "443",
    "x-forwarded-proto": "https",
  },
  requestContext: {
    accountId: "123456789012",
    apiId: "abcdefghij",
    domainName: "abcdefghij.execute-api.eu-central-1.amazonaws.com",
    http: { method: "GET", path: "/", protocol: "HTTP/1.1", sourceIp: "203.0.113.7", userAgent: "Mozilla/5.0" },
    requestId: "AbCdEfGhIjKlMnO=",
    routeKey: "GET /",
    stage: "$default",
    time: "20/Nov/2026:10:00:00 +0000",
    timeEpoch: 1_795_168_800_000,
  },
  isBase64Encoded: false,
}).split("TOKEN");

/** Calls as the runtime does: an event from JSON, an answer to JSON. */
const called =
  (toHandler: (setup: Setup) => (event: HttpEvent) => Promise<unknown>): Contender =>
  async (setup) => {
    const handler = toHandler(setup);
    const call: Call = async (token) => {
      const text = JSON.stringify(await handler(JSON.parse(`${before}${token}${after}`) as HttpEvent));
      if (!text.includes('"statusCode":200')) throw new Error("the handler refused a good token");
    };
    return call;
  };

/** A guard in a Lambda handler, without any server. */
export const contenders: Contenders = {
  bare: called(() => answer),
  usermeta: called((setup) => verifySession(usermeta(setup), answer)),
};
