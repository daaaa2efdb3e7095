import { get } from "node:http";
import {
  adminKey,
  adminRoutes,
  createUserMeta,
  type JsonObject,
  jwtVerifier,
  memoryStore,
  metadataRoutes,
  type Routes,
  type UserMeta,
} from "@usermeta/core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Answer, type Call, type Client, createClient } from "./client.ts";
import { createProbe, type Probe } from "./probe.ts";
import { mintToken, testVerifier } from "./token.ts";

/** What a binding under test has to serve. */
export interface Mounting {
  readonly meta: UserMeta;
  /** To be mounted together, at the root or under {@link Quirks.prefix}. */
  readonly routes: readonly Routes[];
}

/**
 * Starts a binding's server on a port of 127.0.0.1. Beside the routes it serves, outside of the prefix:
 *
 * | request | guard | answer |
 * |---|---|---|
 * | `GET /whoami` | `verifySession(meta)` | `{ "userId": … }` |
 * | `GET /pro` | `claims: [hasClaim("email_verified", true)]`, `requireMetadata`: a public `plan` of `"pro"`, `fresh: "token"` | `{ "userId": … }` |
 * | `GET /optional` | the same with `sessionRequired: false` | `{ "userId": … }`, or `null` for it |
 * | `GET /preferences` | `verifySession(meta)` | `{ "preferences": … }` of the private scope |
 * | `POST /updateinfo` | `verifySession(meta)` | sets `newKey: "data"` there; `{ "message": "successfully updated user metadata" }` |
 * | `POST /removenotifications` | `verifySession(meta)` | removes `notifications` there; the same message |
 * | `POST /clearinfo` | `verifySession(meta)` | clears the private scope; `{ "success": true }` |
 * | `GET /other` | none | 204 |
 */
export type Mount = (mounting: Mounting) => Promise<{ readonly port: number; close(): unknown }>;

/** Where a framework differs, on record instead of silently skipped. */
export interface Quirks {
  /** The routes are mounted under this path. @default "" */
  readonly prefix?: string;
  /**
   * The framework parses JSON before any handler runs: it words the refusal of malformed JSON itself, and duplicate
   * keys, the text of numbers and invalid UTF-8 are gone before core could refuse them.
   */
  readonly parsesBodies?: boolean;
  /** The framework takes `/prefix//path` for `/prefix/path` before a binding sees it. */
  readonly lenientPrefix?: boolean;
  /** The platform answers with whole bodies only. */
  readonly buffersBodies?: boolean;
  /** The platform takes the absolute form of a target apart before a binding sees it. */
  readonly absoluteForm?: boolean;
  /** The platform delivers the query decoded. */
  readonly decodesQuery?: boolean;
  /**
   * With `parsesBodies`: the framework reads bodies of every type, not JSON alone. Of the others it makes text, so invalid
   * UTF-8 is gone there too; and it refuses megabytes in its own words.
   */
  readonly readsBodies?: boolean;
  /** The framework redirects to a path without empty segments before a binding is asked. */
  readonly cleansPaths?: boolean;
  /** The framework frames answers: it leaves `content-length` out, and puts names of its own in front of `vary`. */
  readonly framesAnswers?: boolean;
}

const adminSecret = "test-admin-key-0123456789-0123456789";
const origin = "https://app.test";
/** Headers that belong to the server or the framework, not to the answer. */
const hopHeaders = new Set(["connection", "date", "keep-alive", "transfer-encoding", "x-powered-by"]);
const json = "application/json";
const mergePatch = "application/merge-patch+json";
const jsonPatch = "application/json-patch+json";
const anyTime: unknown = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);

/**
 * The contract of every binding: one HTTP behaviour on every framework, over real sockets.
 *
 * ```ts
 * testBinding("express 5", async ({ meta, routes }) => {
 *   const app = createApp({ meta, routes });
 *   return serve(app); // { port, close }
 * });
 * ```
 */
export function testBinding(name: string, mount: Mount, quirks: Quirks = {}): void {
  const { prefix = "", parsesBodies = false, lenientPrefix = false, buffersBodies = false } = quirks;
  const { absoluteForm = false, decodesQuery = false, readsBodies = false } = quirks;
  const { cleansPaths = false, framesAnswers = false } = quirks;

  describe(name, () => {
    let meta: UserMeta;
    let probe: Probe;
    let server: Awaited<ReturnType<Mount>>;
    let call: Client;
    let crowd: Client;

    beforeAll(async () => {
      const verify = jwtVerifier(await testVerifier());
      const verifier = (token: string) => {
        if (token === "boom") throw new Error("boom");
        return verify(token);
      };
      meta = createUserMeta({ store: memoryStore(), verifier, cookie: { name: "session" }, origins: [origin] });
      probe = createProbe();
      const admin = adminRoutes(meta, { authorize: adminKey({ ops: adminSecret }) });
      server = await mount({ meta, routes: [metadataRoutes(meta), admin, probe.routes] });
      call = createClient(server.port);
      crowd = createClient(server.port, 50);
    });
    afterAll(async () => {
      call?.close();
      crowd?.close();
      await server?.close();
      await meta?.close();
    });

    let users = 0;
    /** Somebody nobody has written about yet. */
    async function newUser() {
      const sub = `user-${++users}`;
      return { sub, token: await mintToken({ sub }) };
    }
    /** Headers, less what the framework sees to itself. */
    const comparable = (headers: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> => {
      if (!framesAnswers) return headers;
      const { "content-length": _length, vary = "", ...rest } = headers;
      const [own] = /authorization, cookie, origin$/.exec(vary) ?? [];
      return own === undefined ? rest : { ...rest, vary: own };
    };
    const me = `${prefix}/me/metadata`;
    const own = (token: string, headers?: Call["headers"]) => call(me, { token, ...(headers && { headers }) });
    const write = (method: string, token: string, body: string | Uint8Array, headers: Call["headers"] = {}) =>
      call(me, { method, token, body, headers: { "content-type": json, ...headers } });
    const patch = (token: string, body: unknown, headers?: Call["headers"]) =>
      write("PATCH", token, JSON.stringify(body), headers);
    const admin = (path: string, method = "GET", body?: unknown, type = json) =>
      call(`${prefix}/admin/users${path}`, {
        method,
        token: adminSecret,
        ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": type } }),
      });

    describe("the guard", () => {
      it("takes the session from a bearer token, whatever the case of the scheme", async () => {
        const { sub, token } = await newUser();
        expect(answered(await call("/whoami", { token }))).toEqual([200, { userId: sub }]);
        const shouted = await call("/whoami", { headers: { Authorization: `BEARER ${token}` } });
        expect(answered(shouted)).toEqual([200, { userId: sub }]);
      });
      it("takes the session from the cookie among others", async () => {
        const { sub, token } = await newUser();
        const answer = await call("/whoami", { headers: { cookie: `a=b; session=${token}; c=d` } });
        expect(answered(answer)).toEqual([200, { userId: sub }]);
      });
      it("never falls back from a bad header to a good cookie", async () => {
        const { token } = await newUser();
        const answer = await call("/whoami", { token: "x.y.z", headers: { cookie: `session=${token}` } });
        expect([answer.status, codeOf(answer)]).toEqual([401, "invalid_token"]);
      });
      it.each(["GET", "HEAD"])("denies %s without credentials, byte for byte as core does", async (method) => {
        const { response } = await meta.guard({ method, headers: {} });
        const answer = await call("/whoami", { method });
        expect([answer.status, comparable(ownHeaders(answer))]).toEqual([401, comparable(response?.headers)]);
        expect(answer.body).toBe(method === "HEAD" ? "" : response?.body);
        expect(answer.headers["www-authenticate"]).toBe('Bearer realm="usermeta"');
      });
      it("denies a bad token, byte for byte as core does", async () => {
        const { response } = await meta.guard({ method: "GET", headers: { authorization: "Bearer x.y.z" } });
        const answer = await call("/whoami", { token: "x.y.z" });
        expect([answer.status, comparable(ownHeaders(answer))]).toEqual([401, comparable(response?.headers)]);
        expect(answer.body).toBe(response?.body);
      });
      it("tells an expired token apart", async () => {
        const token = await mintToken({ sub: "alice", exp: Math.floor(Date.now() / 1000) - 3600 });
        const answer = await call("/whoami", { token });
        expect([answer.status, codeOf(answer)]).toEqual([401, "token_expired"]);
        expect(answer.headers["www-authenticate"]).toContain('error="invalid_token"');
      });
      it("refuses two Authorization lines", async () => {
        const { token } = await newUser();
        const answer = await call("/whoami", { headers: { Authorization: [`Bearer ${token}`, `Bearer ${token}`] } });
        expect([answer.status, codeOf(answer)]).toEqual([400, "invalid_request"]);
      });
      it("lets a request without credentials through where no session is required", async () => {
        expect(answered(await call("/optional"))).toEqual([200, { userId: null }]);
      });
      it("finds the session where none is required, and still denies a bad token there", async () => {
        const { sub, token } = await newUser();
        expect(answered(await call("/optional", { token }))).toEqual([200, { userId: sub }]);
        expect(codeOf(await call("/optional", { token: "x.y.z" }))).toBe("invalid_token");
      });
      it("asks for what a route requires of claims, of live metadata and of the token's age", async () => {
        const { sub, token } = await newUser();
        const ask = async (given: string) => codeOf(await call("/pro", { token: given }));
        expect(await ask(token)).toBe("requirement_failed"); // its email is not verified
        const early = await mintToken({ sub, email_verified: true, mv: "0" });
        expect(await ask(early)).toBe("requirement_failed"); // no plan
        await meta.update(sub, { public: { plan: "pro" } });
        expect(await ask(early)).toBe("token_stale");
        const mv = (await meta.get(sub)).etag.slice(1, -1);
        const late = await mintToken({ sub, email_verified: true, mv });
        expect(answered(await call("/pro", { token: late }))).toEqual([200, { userId: sub }]);
      });
      it("refuses a write on a cookie session from another site", async () => {
        const { sub, token } = await newUser();
        const post = (headers: Record<string, string>) =>
          call("/updateinfo", { method: "POST", headers: { cookie: `session=${token}`, ...headers } });
        expect(codeOf(await post({ origin: "https://evil.test" }))).toBe("origin_forbidden");
        expect((await meta.get(sub)).version).toBe(0);
        expect((await post({ origin })).status).toBe(200);
      });
      it("leaves unexpected errors to the framework", async () => {
        const answer = await call("/whoami", { token: "boom" });
        expect([answer.status, answer.body.includes("urn:usermeta")]).toEqual([500, false]);
      });
      it("keeps concurrent sessions apart", async () => {
        const all = await Promise.all(Array.from({ length: 50 }, newUser));
        const answers = await Promise.all(all.map(({ token }) => crowd("/whoami", { token })));
        expect(answers.map(answered)).toEqual(all.map(({ sub }) => [200, { userId: sub }]));
      });
    });

    describe("a handler behind the guard", () => {
      const stored = { preferences: { theme: "dark" }, notifications: { email: true }, todos: ["use-text-notifs"] };
      const updated = [200, { message: "successfully updated user metadata" }];

      it("reads the user's metadata", async () => {
        const { sub, token } = await newUser();
        await meta.update(sub, { private: stored });
        expect(answered(await call("/preferences", { token }))).toEqual([200, { preferences: { theme: "dark" } }]);
      });
      it("updates it", async () => {
        const { sub, token } = await newUser();
        await meta.update(sub, { private: stored });
        expect(answered(await call("/updateinfo", { method: "POST", token }))).toEqual(updated);
        expect((await meta.get(sub)).private).toEqual({ ...stored, newKey: "data" });
      });
      it("removes a field of it", async () => {
        const { sub, token } = await newUser();
        await meta.update(sub, { private: stored });
        expect(answered(await call("/removenotifications", { method: "POST", token }))).toEqual(updated);
        const { preferences, todos } = stored;
        expect((await meta.get(sub)).private).toEqual({ preferences, todos });
      });
      it("clears it", async () => {
        const { sub, token } = await newUser();
        await meta.update(sub, { private: stored });
        expect(answered(await call("/clearinfo", { method: "POST", token }))).toEqual([200, { success: true }]);
        expect((await meta.get(sub)).private).toEqual({});
      });
      it("is not reached without a session", async () => {
        expect((await call("/updateinfo", { method: "POST" })).status).toBe(401);
        expect((await call("/preferences")).status).toBe(401);
      });
    });

    describe("the metadata routes", () => {
      it("know everybody: a user nobody wrote about is empty", async () => {
        const { sub, token } = await newUser();
        const answer = await own(token);
        expect(answered(answer)).toEqual([200, { userId: sub, public: {}, unsafe: {}, version: 0, updatedAt: null }]);
        const headers = {
          "content-type": json,
          "content-length": String(answer.body.length),
          "cache-control": "no-store",
          vary: "authorization, cookie, origin",
          etag: '"0"',
        };
        expect(comparable(ownHeaders(answer))).toMatchObject(comparable(headers));
      });
      it("read, merge and clear: the worked example", async () => {
        const { sub, token } = await newUser();
        const stored = { preferences: { theme: "dark" }, notifications: { email: true }, todos: ["use-text-notifs"] };
        expect(unsafeOf(await patch(token, { unsafe: stored }))).toEqual([200, stored]);
        const merged = await patch(token, { unsafe: { notifications: { sms: true }, todos: null } });
        const result = { preferences: { theme: "dark" }, notifications: { sms: true } };
        expect(unsafeOf(merged)).toEqual([200, result]);
        const read = await own(token);
        expect([read.body, read.headers["etag"]]).toEqual([merged.body, merged.headers["etag"]]);
        expect(answered(read)[1]).toEqual({ userId: sub, public: {}, unsafe: result, version: 2, updatedAt: anyTime });
        expect(unsafeOf(await call(me, { method: "DELETE", token }))).toEqual([200, {}]);
        expect((await meta.get(sub)).unsafe).toEqual({});
      });
      it("take text in any language, and answer it in ASCII", async () => {
        const { token } = await newUser();
        const name = "Žofie 😀 日本";
        const answer = await patch(token, { unsafe: { name } });
        expect(unsafeOf(answer)).toEqual([200, { name }]);
        expect(answer.body).toMatch(/^[\x20-\x7e]+$/);
      });
      it("merge deeply on a merge patch", async () => {
        const { token } = await newUser();
        await patch(token, { unsafe: { a: { b: 1, c: 2 } } });
        const answer = await patch(token, { unsafe: { a: { b: null, d: 3 } } }, { "content-type": mergePatch });
        expect(unsafeOf(answer)).toEqual([200, { a: { c: 2, d: 3 } }]);
      });
      it("apply a JSON Patch, within unsafe only", async () => {
        const { token } = await newUser();
        const apply = (path: string) => patch(token, [{ op: "add", path, value: [1] }], { "content-type": jsonPatch });
        expect(unsafeOf(await apply("/unsafe/list"))).toEqual([200, { list: [1] }]);
        const refused = await apply("/public/list");
        expect([refused.status, codeOf(refused)]).toEqual([400, "scope_forbidden"]);
      });
      it("replace on PUT", async () => {
        const { token } = await newUser();
        await patch(token, { unsafe: { a: 1, b: 2 } });
        expect(unsafeOf(await write("PUT", token, '{"unsafe":{"c":null}}'))).toEqual([200, { c: null }]);
      });
      it("write nothing when the body names a scope that users cannot write", async () => {
        const { sub, token } = await newUser();
        for (const scope of ["public", "private"]) {
          const answer = await patch(token, { unsafe: { a: 1 }, [scope]: { role: "admin" } });
          expect([answer.status, codeOf(answer)]).toEqual([400, "scope_forbidden"]);
        }
        expect((await meta.get(sub)).version).toBe(0);
      });
      it("show public and never private", async () => {
        const { sub, token } = await newUser();
        await meta.update(sub, { public: { plan: "pro" }, private: { secret: "hush" } });
        const answer = await own(token);
        expect((JSON.parse(answer.body) as JsonObject)["public"]).toEqual({ plan: "pro" });
        expect(answer.body).not.toContain("hush");
      });
      it("answer 304 to the current ETag, without a body", async () => {
        const { token } = await newUser();
        const { headers } = await patch(token, { unsafe: { a: 1 } });
        const etag = String(headers["etag"]);
        const answer = await own(token, { "if-none-match": etag });
        expect([answer.status, answer.body, answer.headers["etag"]]).toEqual([304, "", etag]);
        expect(answer.headers["cache-control"]).toBe("no-store");
        expect((await own(token, { "if-none-match": '"0"' })).status).toBe(200);
      });
      it("write on a matching If-Match only", async () => {
        const { token } = await newUser();
        const first = String((await patch(token, { unsafe: { n: 1 } })).headers["etag"]);
        const second = await patch(token, { unsafe: { n: 2 } }, { "if-match": `"other", ${first}` });
        expect(unsafeOf(second)).toEqual([200, { n: 2 }]);
        const late = await patch(token, { unsafe: { n: 3 } }, { "if-match": first });
        expect([late.status, codeOf(late)]).toEqual([412, "version_conflict"]);
        expect(unsafeOf(await own(token))).toEqual([200, { n: 2 }]);
      });
      it("write once only on PUT with If-None-Match: *", async () => {
        const { token } = await newUser();
        const signUp = (n: number) => write("PUT", token, `{"unsafe":{"n":${n}}}`, { "if-none-match": "*" });
        expect(unsafeOf(await signUp(1))).toEqual([200, { n: 1 }]);
        expect((await signUp(2)).status).toBe(412);
      });
      it("do a repeated request with the same Idempotency-Key once", async () => {
        const { token } = await newUser();
        const send = (value: number) => patch(token, { unsafe: { value } }, { "idempotency-key": "k-1" });
        const first = await send(1);
        expect(first.headers).not.toHaveProperty("idempotency-replayed");
        const second = await send(1);
        expect([second.status, second.body, second.headers["idempotency-replayed"]]).toEqual([200, first.body, "true"]);
        const other = await send(2);
        expect([other.status, codeOf(other)]).toEqual([422, "idempotency_key_reused"]);
      });
      it("lose nothing of concurrent writes", async () => {
        const { sub, token } = await newUser();
        const keys = Array.from({ length: 50 }, (_, i) => `k${i}`);
        const answers = await Promise.all(
          keys.map((key) =>
            crowd(me, {
              method: "PATCH",
              token,
              body: JSON.stringify({ unsafe: { [key]: true } }),
              headers: { "content-type": json },
            }),
          ),
        );
        expect(answers.map(({ status }) => status)).toEqual(keys.map(() => 200));
        const { unsafe, version } = await meta.get(sub);
        expect([version, Object.keys(unsafe).sort()]).toEqual([50, keys.sort()]);
      });
    });

    describe("the routes' edges", () => {
      it("guard every route", async () => {
        for (const method of ["GET", "PATCH", "PUT", "DELETE"])
          expect([method, codeOf(await call(me, { method }))]).toEqual([method, "session_required"]);
      });
      it("answer HEAD like GET, without the body", async () => {
        const { token } = await newUser();
        const [got, headed] = [await own(token), await call(me, { method: "HEAD", token })];
        expect([headed.status, headed.body, ownHeaders(headed)]).toEqual([200, "", ownHeaders(got)]);
      });
      it("answer 405 with Allow", async () => {
        const { token } = await newUser();
        const answer = await call(me, { method: "POST", token });
        expect([answer.status, codeOf(answer)]).toEqual([405, "method_not_allowed"]);
        expect(methodsIn(answer.headers["allow"])).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"]);
      });
      it("answer OPTIONS with Allow and without credentials", async () => {
        const answer = await call(me, { method: "OPTIONS" });
        expect([answer.status, answer.body]).toEqual([204, ""]);
        expect(methodsIn(answer.headers["allow"])).toEqual(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "PUT"]);
      });
      it.each([
        ["PATCH", "text/plain", "accept-patch"],
        ["PATCH", "application/jsonp", "accept-patch"],
        ["PUT", mergePatch, "accept"],
      ])("answer 415 to %s of %s, naming what would do", async (method, type, header) => {
        const { token } = await newUser();
        const answer = await write(method, token, '{"unsafe":{"a":1}}', { "content-type": type });
        expect([answer.status, codeOf(answer)]).toEqual([415, "unsupported_media_type"]);
        expect(answer.headers[header]).toContain(json);
      });
      it("answer 415 to a body without a type", async () => {
        const { token } = await newUser();
        expect((await call(me, { method: "PATCH", token, body: '{"unsafe":{"a":1}}' })).status).toBe(415);
      });
      it("answer 415 to a compressed body", async () => {
        const { sub, token } = await newUser();
        const answer = await write("PATCH", token, "x", { "content-type": mergePatch, "content-encoding": "gzip" });
        expect([answer.status, codeOf(answer)]).toEqual([415, "unsupported_media_type"]);
        expect((await meta.get(sub)).version).toBe(0);
      });
      it.each([
        ["a declared length just above the limit", 65_537, false],
        ["a declared length far above it", 8_000_000, false],
        ["chunks just above the limit", 65_537, true],
        ["chunks far above it", 8_000_000, true],
      ])("answer 413 to %s, and serve the next request", async (_, length, chunked) => {
        const { token } = await newUser();
        const body = JSON.stringify({ unsafe: { a: "x".repeat(length - 20) } }).padEnd(length);
        const inItsWords = readsBodies && length > 1_000_000; // and it leaves the rest of the body on the connection
        const headers = { "content-type": mergePatch, connection: inItsWords ? "close" : "keep-alive" };
        const answer = await call(me, { method: "PATCH", token, body, chunked, headers });
        expect([answer.status, codeOf(answer)]).toEqual([413, inItsWords ? answer.body : "body_too_large"]);
        expect((await own(token)).status).toBe(200);
      });
      it("take a body in chunks, and one of exactly the limit", async () => {
        const { token } = await newUser();
        const body = '{"unsafe":{"a":1}}'.padEnd(65_536);
        for (const chunked of [true, false]) {
          const headers = { "content-type": json };
          expect(unsafeOf(await call(me, { method: "PATCH", token, body, chunked, headers }))).toEqual([200, { a: 1 }]);
        }
      });
      it.each(["{", "[]", "null", "1", ""])("answer 400 to the body %j", async (body) => {
        const { sub, token } = await newUser();
        const answer = await write("PATCH", token, body);
        if (parsesBodies) expect(answer.status).toBe(body === "" ? answer.status : 400);
        else expect([answer.status, answer.headers["content-type"]]).toEqual([400, "application/problem+json"]);
        expect((await meta.get(sub)).version).toBe(0);
      });
      it.each([
        ["duplicate keys", '{"unsafe":{"a":1,"a":2}}', "duplicate_key"],
        ["a number that JavaScript cannot hold", '{"unsafe":{"a":12345678901234567890}}', "invalid_number"],
        ["invalid UTF-8", Buffer.from('{"unsafe":{"a":"\xff"}}', "latin1"), "invalid_json"],
      ])("refuse %s rather than change them", async (_, body, code) => {
        const { sub, token } = await newUser();
        const [strict, parsed] = [
          await write("PATCH", token, body, { "content-type": mergePatch }), // no framework parses this type by default
          await write("PATCH", token, body),
        ];
        if (readsBodies && typeof body !== "string") expect(strict.status).toBe(200);
        else expect([strict.status, codeOf(strict)]).toEqual([400, code]);
        if (parsesBodies) expect([200, 400]).toContain(parsed.status);
        else expect([parsed.status, codeOf(parsed)]).toEqual([400, code]);
        expect((await meta.get(sub)).version).toBe(parsed.status === 200 ? 1 : 0);
      });
      it("tell what is wrong as a problem document", async () => {
        const { token } = await newUser();
        const answer = await patch(token, { unsafe: { a: 1 }, other: {} });
        expect(answered(answer)).toEqual([
          400,
          {
            type: "urn:usermeta:error:unknown_member",
            title: "The body names something that does not exist",
            status: 400,
            code: "unknown_member",
            detail: expect.any(String) as unknown,
            pointer: "/other",
          },
        ]);
        expect(answer.headers["content-type"]).toBe("application/problem+json");
      });
      it("answer CORS for allowed origins, on errors too, and for no other", async () => {
        const { token } = await newUser();
        const allowed = await own(token, { origin });
        expect(allowed.headers["access-control-allow-origin"]).toBe(origin);
        const denied = await call(me, { headers: { origin } });
        expect([denied.status, denied.headers["access-control-allow-origin"]]).toEqual([401, origin]);
        for (const other of [
          "null",
          "https://xapp.test",
          "https://a.app.test",
          "http://app.test",
          "https://app.test:444",
        ])
          expect((await own(token, { origin: other })).headers).not.toHaveProperty("access-control-allow-origin");
      });
      it("answer a preflight", async () => {
        const answer = await call(me, {
          method: "OPTIONS",
          headers: { origin, "access-control-request-method": "PATCH", "access-control-request-headers": "if-match" },
        });
        expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([204, origin]);
        expect(answer.headers["access-control-allow-methods"]).toContain("PATCH");
        expect(String(answer.headers["access-control-allow-headers"]).toLowerCase()).toContain("if-match");
      });
      it.each(["//me/metadata", "/me//metadata", "/me/metadata/", "/me/metadata/x", "/me%2Fmetadata", "/ME/metadata"])(
        "do not match %s",
        async (path) => {
          const { token } = await newUser();
          const answer = await call(`${prefix}${path}`, { token });
          const lenient = lenientPrefix && path.startsWith("//");
          const cleaned = cleansPaths && (path.includes("//") || path.endsWith("/"));
          expect([answer.status, answer.body.includes("unsafe")]).toEqual(
            lenient ? [200, true] : [cleaned ? 308 : 404, false],
          );
        },
      );
      it("know no absolute form of the target, which only proxies are sent", async () => {
        const { sub, token } = await newUser();
        const answer = await call(`http://api.test${me}`, { token });
        const refused = [cleansPaths ? 308 : 404, false]; // this form has an empty segment
        expect([answer.status, answer.body.includes(sub)]).toEqual(absoluteForm ? [200, true] : refused);
      });
    });

    describe("the admin routes", () => {
      it("want the admin key", async () => {
        const { sub, token } = await newUser();
        const path = `${prefix}/admin/users/${sub}/metadata`;
        expect((await call(path)).status).toBe(401);
        expect(codeOf(await call(path, { token }))).toBe("admin_key_invalid");
        expect((await own(adminSecret)).status).toBe(401);
      });
      it("read and write all three scopes", async () => {
        const { sub } = await newUser();
        const scopes = { public: { plan: "pro" }, private: { credits: 1 }, unsafe: { theme: "dark" } };
        const written = await admin(`/${sub}/metadata`, "PATCH", scopes);
        expect([written.status, JSON.parse(written.body)]).toMatchObject([200, { userId: sub, ...scopes, version: 1 }]);
        const read = await admin(`/${sub}/metadata`);
        expect([read.status, read.body, read.headers["etag"]]).toEqual([200, written.body, written.headers["etag"]]);
        const replaced = await admin(`/${sub}/metadata`, "PUT", { public: {} });
        expect(JSON.parse(replaced.body)).toMatchObject({ public: {}, private: { credits: 1 } });
        const cleared = await admin(`/${sub}/metadata?scope=private`, "DELETE");
        expect(JSON.parse(cleared.body)).toMatchObject({ private: {}, unsafe: { theme: "dark" } });
      });
      it.each([
        ["a%2Fb", "a/b"],
        ["a%20b", "a b"],
        ["a+b", "a+b"],
        ["a%3Fb%23c", "a?b#c"],
        ["%F0%9F%98%80", "😀"],
        ["..%2F..%2Fetc", "../../etc"],
        ["__proto__", "__proto__"],
      ])("take the user id %s as %j", async (path, userId) => {
        const answer = await admin(`/${path}/metadata`, "PATCH", { public: { seen: true } });
        expect([answer.status, JSON.parse(answer.body)]).toMatchObject([200, { userId }]);
        expect((await meta.get(userId)).public).toEqual({ seen: true });
      });
      it.each(["%2E%2E", "%20%20", "a%00b", "%FF", "%ED%A0%80", "a%01b", "%zz"])(
        "refuse the user id %s",
        async (path) => {
          const answer = await admin(`/${path}/metadata`);
          expect([400, 404]).toContain(answer.status);
        },
      );
      it("tell the history, revert, export and erase", async () => {
        const { sub } = await newUser();
        await admin(`/${sub}/metadata`, "PATCH", { public: { plan: "free" } });
        await admin(`/${sub}/metadata`, "PATCH", { public: { plan: "pro" } });
        const { changes } = JSON.parse((await admin(`/${sub}/history`)).body) as { changes: { id: string }[] };
        const [last] = changes;
        expect(last).toMatchObject({ actor: "key:ops", changes: [{ path: "/public/plan", from: "free", to: "pro" }] });
        const reverted = await admin(`/${sub}/history/${last?.id}/revert`, "POST");
        expect([reverted.status, JSON.parse(reverted.body)]).toMatchObject([200, { public: { plan: "free" } }]);
        expect((await admin(`/${sub}/export`)).status).toBe(200);
        const erased = await admin(`/${sub}`, "DELETE");
        expect([erased.status, erased.body]).toEqual([204, ""]);
        expect((await meta.get(sub)).version).toBe(0);
      });
      it("list users and read many", async () => {
        const { sub } = await newUser();
        await admin(`/${sub}/metadata`, "PATCH", { public: { plan: "pro" } });
        const { users: listed, next } = JSON.parse((await admin("?limit=1")).body) as JsonObject;
        expect([listed, typeof next]).toMatchObject([[{ userId: expect.any(String) as unknown }], "string"]);
        const many = await admin("/metadata", "POST", { userIds: ["nobody", sub] });
        expect(JSON.parse(many.body)).toMatchObject({ users: [{ userId: "nobody", version: 0 }, { userId: sub }] });
      });
    });

    describe("the mount", () => {
      it("leaves other paths to the application", async () => {
        expect((await call("/other")).status).toBe(204);
        const unknown = await call(`${prefix}/nowhere`);
        expect([unknown.status, unknown.body.includes("urn:usermeta")]).toEqual([404, false]);
      });
      it("serves several tables, and hands over the target as it came, less the prefix", async () => {
        const target = "/probe/echo/a%2Fb%20c/%C3%A9?x=%31&x=2&y";
        expect(answered(await call(`${prefix}${target}`))).toEqual([
          200,
          { method: "GET", url: decodesQuery ? target.replace("%31&x=2&y", "1&x=2&y=") : target },
        ]);
      });
      it("sends bytes and headers verbatim", async () => {
        const answer = await call(`${prefix}/probe/bytes`);
        expect([answer.status, comparable(ownHeaders(answer))]).toEqual([200, comparable(probe.byteHeaders)]);
        expect(Buffer.from(answer.body, "latin1")).toEqual(Buffer.from(probe.bytes));
      });
      it("leaves unexpected errors to the framework", async () => {
        const answer = await call(`${prefix}/probe/boom`);
        expect([answer.status, answer.body.includes("urn:usermeta")]).toEqual([500, false]);
      });
      it("sends no body on HEAD, whatever the route answers", async () => {
        for (const path of ["/probe/bytes", "/probe/stream", "/probe/echo/x"])
          expect((await call(`${prefix}${path}`, { method: "HEAD" })).body).toBe("");
        expect((await call("/other")).status).toBe(204);
      });
      it("streams, and stops when the client leaves", async (context) => {
        if (buffersBodies) return context.skip("the platform answers with whole bodies only");
        const { promise: left, resolve } = Promise.withResolvers<void>();
        const sent = get({ port: server.port, host: "127.0.0.1", path: `${prefix}/probe/stream`, agent: false });
        sent.on("error", () => undefined);
        sent.on("response", (received) => {
          received.on("error", () => undefined);
          received.once("data", (chunk: Buffer) => {
            expect(chunk.toString()).toBe("one\n"); // while the second one is still to come
            received.destroy();
            resolve();
          });
        });
        await left;
        await expect(probe.left()).resolves.toBe("left");
      });
      it("sends the user's metadata as it is, and each change while the client stays", async (context) => {
        const { sub, token } = await newUser();
        if (buffersBodies) {
          expect(codeOf(await call(`${me}/events`, { token }))).toBe("not_supported");
          return context.skip("the platform answers with whole bodies only");
        }
        const headers = { authorization: `Bearer ${token}` };
        const path = `${me}/events`;
        const text = await new Promise<string>((resolve, reject) => {
          let received = "";
          const sent = get({ port: server.port, host: "127.0.0.1", path, headers, agent: false }, (response) => {
            response.on("error", () => undefined);
            response.on("data", (chunk: Buffer) => {
              received += chunk.toString();
              if (received.includes('"dark"')) {
                response.destroy();
                resolve(`${response.headers["content-type"]}\n${received}`);
              } else if (received.includes('id: "0"'))
                meta.update(sub, { private: { secret: 1 }, unsafe: { theme: "dark" } }).catch(reject);
            });
          });
          sent.on("error", reject);
        });
        expect(text).toMatch(
          /^text\/event-stream.*\n: open\n\nevent: metadata\nid: "0"\ndata: \{.*\}\n\nevent: metadata\n/,
        );
        expect(text).not.toContain("secret");
      });
    });
  });
}

/** Status and parsed body. */
function answered({ status, body }: Answer): [number, unknown] {
  return [status, body === "" ? "" : JSON.parse(body)];
}

/** Status, and the scope that users write. */
function unsafeOf({ status, body }: Answer): [number, unknown] {
  return [status, (JSON.parse(body) as JsonObject)["unsafe"]];
}

/** The code of a problem document; the body of anything else. */
function codeOf({ headers, body }: Answer): unknown {
  return headers["content-type"] === "application/problem+json" ? (JSON.parse(body) as JsonObject)["code"] : body;
}

/** The headers that the answer itself has. */
function ownHeaders({ headers }: Answer): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !hopHeaders.has(name)));
}

function methodsIn(header: string | undefined): string[] {
  return (header ?? "").split(/, */).sort();
}
