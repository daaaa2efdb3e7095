// Published attacks on guards in front of routes, one sentence each; docs/attacks.md shows what fails without its defence.
import { expect, test } from "vitest";
import {
  adminKey,
  adminRoutes,
  createSession,
  createUserMeta,
  type HttpRequest,
  type HttpResponse,
  memoryStore,
  metadataRoutes,
  type Routes,
  UserMetaError,
} from "../../src/index.ts";

const key = "an-admin-key-of-at-least-32-characters";
const open = () => {
  const meta = createUserMeta({
    store: memoryStore(),
    verifier: (token) => {
      if (token !== "ada") throw new UserMetaError("invalid_token", "bad");
      return createSession({ token, userId: token, claims: {}, expiresAt: 4e9 });
    },
  });
  return { meta, own: metadataRoutes(meta), admin: adminRoutes(meta, { authorize: adminKey({ ops: key }) }) };
};
const ask = (routes: Routes, request: Partial<HttpRequest> & { url: string }): Promise<HttpResponse> | undefined =>
  routes.handle({ method: "GET", ...request, headers: { authorization: "Bearer ada", ...request.headers } });
const codeOf = ({ body }: HttpResponse): unknown => (JSON.parse((body as string) || "{}") as { code?: string }).code;
const me = "/me/metadata";
const json = { "content-type": "application/json" };

test("whose metadata it is comes from the session alone, never from the body (CVE-2025-61928)", async () => {
  const { meta, own } = open();
  for (const member of ["userId", "user_id", "sub", "id", "__proto__x"]) {
    const body = JSON.stringify({ [member]: "bob", unsafe: { a: 1 } });
    const answer = (await ask(own, { method: "PATCH", url: me, headers: json, body })) as HttpResponse;
    expect([answer.status, codeOf(answer)]).toEqual([400, "unknown_member"]);
  }
  for (const name of ["x-user-id", "x-forwarded-user", "x-authenticated-user"])
    expect((await ask(own, { url: me, headers: { [name]: "bob" } }))?.body).toContain('"userId":"ada"');
  expect((await meta.get("bob")).version + (await meta.get("ada")).version).toBe(0);
});

test("no route answers without credentials, on any method that it has (CVE-2026-41248)", async () => {
  const { own, admin } = open();
  for (const routes of [own, admin])
    for (const { method, path } of routes.table) {
      const url = path.replaceAll(/\{\w+\}/g, "bob");
      const answer = await routes.handle({ method, url, headers: json, body: "{}" });
      expect([method, path, answer?.status]).toEqual([method, path, 401]);
    }
});

test.each([
  "//me/metadata",
  "/me//metadata",
  "/me/metadata/",
  "/me/metadata;x=1",
  "/me;x/metadata",
  "/me%2Fmetadata",
  "/%6de/metadata",
  "/ME/metadata",
  "/x/../me/metadata",
  "/./me/metadata",
  "/me/metadata%00",
  "/me\\metadata",
  "http://api.test/me/metadata",
])(
  "a path is matched as it came, so that guard and route never see two: %s (CVE-2026-41248, CVE-2026-2880, CVE-2026-33808, CVE-2026-14198, GHSA-x732-6j76-qmhm)",
  (url) => {
    expect(ask(open().own, { url })).toBeUndefined();
  },
);

test("no cache keeps an answer that depends on a session (CVE-2025-48947, CVE-2025-64762)", async () => {
  const { own, admin } = open();
  const first = (await ask(own, { url: me })) as HttpResponse;
  const answers = [
    first,
    await ask(own, { url: me, headers: { "if-none-match": first.headers["etag"] } }),
    await ask(own, { url: me, headers: { authorization: "Bearer bad" } }),
    await ask(own, { url: `${me}/events` }),
    await ask(own, { url: me, method: "HEAD" }),
    await ask(own, { url: me, method: "OPTIONS" }),
    await ask(own, { url: me, method: "POST" }),
    await ask(own, { url: me, method: "PATCH", headers: json, body: "{" }),
    await ask(admin, { url: "/admin/users", headers: { authorization: `Bearer ${key}` } }),
  ] as HttpResponse[];
  expect(answers.map(({ status }) => status)).toEqual([200, 304, 401, 200, 200, 204, 405, 400, 200]);
  for (const { headers } of answers) {
    expect(headers["cache-control"]).toBe("no-store");
    expect(headers["vary"]).toBe("authorization, cookie, origin");
  }
});

test("a refusal has its challenge on HEAD too (RFC 6750 section 3)", async () => {
  const { own } = open();
  const answer = (await ask(own, {
    url: me,
    method: "HEAD",
    headers: { authorization: "Bearer bad" },
  })) as HttpResponse;
  expect([answer.status, answer.body]).toEqual([401, ""]);
  expect(answer.headers["www-authenticate"] ?? "").toContain('error="invalid_token"');
});

test.each([
  "application/json\tx",
  "application/json\t;charset=utf-16",
  "application/json;\tcharset=latin1",
  "\tapplication/jsonx",
  "application/json, text/plain",
  "text/plain;\tapplication/json",
  "application/json\u00a0",
  "application/x-www-form-urlencoded",
  "",
])("a media type is parsed in one place, tabs included: %j (CVE-2026-25223)", async (type) => {
  const { meta, own } = open();
  const request = { method: "PATCH", url: me, headers: { "content-type": type }, body: '{"unsafe":{"a":1}}' };
  expect((await ask(own, request))?.status).toBe(415);
  expect((await meta.get("ada")).version).toBe(0);
});

test("wrong admin keys are limited whatever address they come from, and the right one passes (CVE-2026-45364)", async () => {
  const { admin } = open();
  const attempt = (token: string, i: number) =>
    ask(admin, {
      url: "/admin/users",
      headers: {
        authorization: `Bearer ${token}`,
        "x-forwarded-for": `2001:db8:0:${i.toString(16)}::1`,
        "x-real-ip": `::ffff:192.0.2.${i % 256}`,
      },
    });
  const said = [];
  for (let i = 0; i < 300; i++) said.push((await attempt(`wrong-${i}`.padEnd(40, "x"), i))?.status);
  expect(said.slice(0, 100)).toEqual(Array.from({ length: 100 }, () => 401));
  expect(said.slice(100)).toEqual(Array.from({ length: 200 }, () => 429));
  expect((await attempt(key, 0))?.status).toBe(200);
});
