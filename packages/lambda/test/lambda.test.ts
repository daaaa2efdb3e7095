import {
  createUserMeta,
  type HttpResponse,
  jwtVerifier,
  memoryStore,
  metadataRoutes,
  type Routes,
  type UserMeta,
} from "@usermeta/core";
import { getSession, type HttpEvent, mount, type SessionEvent, verifySession } from "@usermeta/lambda";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { beforeAll, describe, expect, it } from "vitest";

let meta: UserMeta;
let bearer: string;
beforeAll(async () => {
  const verifier = jwtVerifier(await testVerifier());
  meta = createUserMeta({ store: memoryStore(), verifier, cookie: { name: "session" } });
  bearer = `Bearer ${await mintToken({ sub: "alice" })}`;
});

const elb = { targetGroupArn: "arn" };
const whoami = (event: HttpEvent) => verifySession(meta, async ({ session }) => session.userId)(event);
/** What the guard says: the user, or the code of the refusal. */
async function asked(event: HttpEvent): Promise<unknown> {
  const answer = await whoami(event);
  return typeof answer === "string" ? answer : (JSON.parse(answer.body) as { code: string }).code;
}
/** A table that answers everything alike. */
const answering = (answer: (url: string) => Partial<HttpResponse>): Routes => ({
  table: [],
  handle: async ({ url }) => ({ status: 200, headers: {}, body: "", ...answer(url) }),
});
const echo = mount(
  answering((url) => ({ body: url })),
  { prefix: "/u" },
);

describe("the guard", () => {
  it.each<[string, (value: string) => HttpEvent]>([
    ["payload 2.0", (authorization) => ({ version: "2.0", headers: { authorization } })],
    ["payload 1.0", (value) => ({ headers: { AuthoriZation: value }, multiValueHeaders: { AuthoriZation: [value] } })],
    ["payload 1.0 without lists", (Authorization) => ({ headers: { Authorization } })],
    ["a load balancer", (authorization) => ({ requestContext: { elb }, headers: { authorization } })],
    ["one with lists", (value) => ({ requestContext: { elb }, multiValueHeaders: { authorization: [value] } })],
  ])("finds the header in an event of %s", async (_, event) => {
    expect(await asked(event(bearer))).toBe("alice");
  });
  it("finds the cookie, in the array or in any of several lines", async () => {
    const cookie = bearer.replace("Bearer ", "session=");
    expect(await asked({ version: "2.0", headers: {}, cookies: ["a=b", cookie] })).toBe("alice");
    expect(await asked({ version: "2.0", headers: { cookie: `a=b; ${cookie}` }, cookies: ["a=b", cookie] })).toBe(
      "alice",
    );
    expect(await asked({ multiValueHeaders: { Cookie: ["a=b", cookie] } })).toBe("alice");
    expect(await asked({ headers: {}, cookies: [cookie, "session=other"] })).toBe("invalid_token");
  });
  it.each<[string, () => HttpEvent]>([
    ["payload 1.0", () => ({ multiValueHeaders: { Authorization: [bearer, bearer] } })],
    ["payload 1.0 in two cases", () => ({ multiValueHeaders: { Authorization: [bearer], authorization: [bearer] } })],
    ["payload 2.0", () => ({ version: "2.0", headers: { authorization: `${bearer},${bearer}` } })],
    ["a load balancer", () => ({ requestContext: { elb }, multiValueHeaders: { authorization: [bearer, "Basic x"] } })],
  ])("refuses two Authorization lines in an event of %s", async (_, event) => {
    expect(await asked(event())).toBe("invalid_request");
  });
  it("takes events without any headers", async () => {
    expect(await asked({ version: "2.0" })).toBe("session_required");
    expect(await asked({ headers: null, multiValueHeaders: null })).toBe("session_required");
  });
  it("knows the method, so that a cookie from another site writes nothing", async () => {
    const headers = { cookie: bearer.replace("Bearer ", "session="), origin: "https://evil.test" };
    expect(await asked({ httpMethod: "GET", headers })).toBe("alice");
    expect(await asked({ httpMethod: "POST", headers })).toBe("origin_forbidden");
    expect(await asked({ requestContext: { http: { method: "POST" } }, headers })).toBe("origin_forbidden");
  });
  it("lets no event bring a session of its own", async () => {
    const handler = verifySession(meta, async ({ session }) => session?.userId, { sessionRequired: false });
    const forged = () => ({ headers: {}, session: { userId: "root" } });
    expect(await handler(forged())).toBeUndefined();
    expect(await handler({ ...forged(), headers: { authorization: bearer } })).toBe("alice");
  });
  it("hands the event on with whatever Lambda passes, and getSession knows it", async () => {
    const event: HttpEvent = { headers: { authorization: bearer } };
    const handler = verifySession(meta, async (got: SessionEvent, context: { awsRequestId: string }) => [
      (got as HttpEvent) === event,
      getSession(meta, got).userId,
      context.awsRequestId,
    ]);
    expect(await handler(event, { awsRequestId: "r" })).toEqual([true, "alice", "r"]);
    expect(() => getSession(meta, {})).toThrow(expect.objectContaining({ code: "no_guard" }));
  });
  it("leaves unexpected errors to Lambda", async () => {
    const guard = () => Promise.reject(new Error("boom"));
    await expect(verifySession({ guard }, async () => "x")({})).rejects.toThrow("boom");
  });
});

describe("the target", () => {
  it.each<[string, HttpEvent, string]>([
    ["payload 2.0", { version: "2.0", rawPath: "/u/a%2Fb", rawQueryString: "x=%31&y" }, "/a%2Fb?x=%31&y"],
    ["payload 2.0 without a query", { version: "2.0", rawPath: "/u/a", rawQueryString: "" }, "/a"],
    ["a stage", { version: "2.0", rawPath: "/dev/u/a", requestContext: { stage: "dev" } }, "/a"],
    ["a stage of payload 1.0", { version: "1.0", path: "/dev/u/a", requestContext: { stage: "dev" } }, "/a"],
    ["a stage behind a domain", { version: "2.0", rawPath: "/u/a", requestContext: { stage: "dev" } }, "/a"],
    ["a stage named like the prefix", { version: "2.0", rawPath: "/u/u/a", requestContext: { stage: "u" } }, "/a"],
    ["a REST API", { path: "/u/a", requestContext: { stage: "u" } }, "/a"],
    ["a decoded path", { version: "2.0", rawPath: "/u/a b?é/c", rawQueryString: "x" }, "/a b%3Fé/c?x"],
    [
      "payload 1.0",
      { path: "/u/a", multiValueQueryStringParameters: { x: ["1&2", "é"], y: [""] } },
      "/a?x=1%262&x=%C3%A9&y=",
    ],
    ["payload 1.0 without lists", { path: "/u/a", queryStringParameters: { x: "1 2" } }, "/a?x=1+2"],
    ["payload 1.0 without a query", { path: "/u/a", multiValueQueryStringParameters: null }, "/a"],
    [
      "a load balancer",
      { requestContext: { elb }, path: "/u/a%20b", queryStringParameters: { x: "%31", y: "" } },
      "/a%20b?x=%31&y",
    ],
    ["Netlify", { path: "/u/a", rawQuery: "x=%31", queryStringParameters: { x: "1" } }, "/a?x=%31"],
  ])("of %s", async (_, event, url) => {
    const { statusCode, body } = await echo(event);
    expect([statusCode, body]).toEqual([200, url]);
  });
  it.each(["/u", "/us/a", "/a", "", "//u/a", "/U/a"])("%j is somebody else's", async (rawPath) => {
    expect(await echo({ version: "2.0", rawPath })).toEqual({
      statusCode: 404,
      headers: { "content-type": "application/json" },
      body: '{"message":"Not Found"}',
      isBase64Encoded: false,
    });
  });
});

describe("the body", () => {
  const patch = async (event: HttpEvent) => {
    const headers = { authorization: bearer, "Content-Type": "application/json" };
    const { body } = await mount(metadataRoutes(meta))({
      httpMethod: "PATCH",
      path: "/me/metadata",
      headers,
      ...event,
    });
    const { unsafe, code } = JSON.parse(body) as { unsafe?: unknown; code?: string };
    return code ?? unsafe;
  };
  const base64 = (bytes: string) => ({ body: Buffer.from(bytes, "latin1").toString("base64"), isBase64Encoded: true });

  it("is text or base64, and may be absent", async () => {
    expect(await patch({ body: '{"unsafe":{"a":"é"}}' })).toEqual({ a: "é" });
    expect(await patch(base64('{"unsafe":{"a":1}}'))).toEqual({ a: 1 });
    for (const event of [{}, { body: null }, { body: "" }, { body: "", isBase64Encoded: true }])
      expect(await patch(event)).toBe("invalid_json");
  });
  it("is refused rather than changed", async () => {
    expect(await patch({ body: '{"unsafe":{"a":1,"a":2}}' })).toBe("duplicate_key");
    expect(await patch(base64('{"unsafe":{"a":"\xff"}}'))).toBe("invalid_json");
    expect(await patch({ body: " ".repeat(70_000) })).toBe("body_too_large");
  });
});

describe("the result", () => {
  const answer = (response: Partial<HttpResponse>, event: HttpEvent = {}) =>
    mount(answering(() => response))({ path: "/", ...event });

  it("is one that every gateway takes", async () => {
    const response = { status: 201, headers: { etag: '"1"' }, body: "{}" };
    expect(await answer(response)).toEqual({
      statusCode: 201,
      headers: { etag: '"1"' },
      body: "{}",
      isBase64Encoded: false,
    });
    expect(await answer(response, { requestContext: { elb }, headers: {} })).toMatchObject({
      statusDescription: "201 Created",
      headers: { etag: '"1"' },
    });
    const lists = await answer(response, { requestContext: { elb }, multiValueHeaders: {} });
    expect(lists).toMatchObject({ statusDescription: "201 Created", multiValueHeaders: { etag: ['"1"'] } });
    expect(lists).not.toHaveProperty("headers");
  });
  it("holds bytes in base64", async () => {
    expect(await answer({ body: new Uint8Array([0, 255]) })).toMatchObject({ body: "AP8=", isBase64Encoded: true });
  });
  it("holds a stream whole", async () => {
    async function* lines() {
      yield "one\n";
      yield "two\n";
    }
    expect(await answer({ body: lines() })).toMatchObject({ body: "one\ntwo\n", isBase64Encoded: false });
  });
  it("says that it cannot be a stream of events, and begins none", async () => {
    let begun = false;
    async function* events() {
      begun = true;
      yield "data: 1\n\n";
    }
    const result = await answer({ headers: { "content-type": "text/event-stream; charset=utf-8" }, body: events() });
    expect([result.statusCode, begun]).toEqual([501, false]);
    expect(JSON.parse(result.body)).toMatchObject({
      code: "not_supported",
      detail: expect.stringMatching(/stream/) as unknown,
    });
  });
});
