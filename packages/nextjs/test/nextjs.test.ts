import {
  createUserMeta,
  jwtVerifier,
  memoryStore,
  metadataRoutes,
  type Routes,
  type Session,
  type UserMeta,
} from "@usermeta/core";
import { getSession, mount, verifySession } from "@usermeta/nextjs";
import * as pages from "@usermeta/nextjs/pages";
import { mintToken, testVerifier } from "@usermeta/testkit";
import type { NextApiRequest, NextApiResponse } from "next";
import { NextRequest } from "next/server.js";
import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";

let meta: UserMeta;
let token: string;
beforeAll(async () => {
  meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  token = await mintToken({ sub: "alice" });
});

const url = "http://app.test/usermeta/me/metadata";
const signedIn = (address = url, init: { method?: string; body?: string } = {}) =>
  new NextRequest(address, {
    ...init,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
  });
const anonymous = () => new NextRequest(url);
const context = { params: Promise.resolve({}) };

describe("a route handler behind verifySession", () => {
  it("gets the session beside Next's parameters", async () => {
    const handler = verifySession(
      meta,
      async (_req, { session, params }: { session: Session; params: Promise<{ id: string }> }) => {
        expectTypeOf(session).toEqualTypeOf<Session>();
        return Response.json([session.userId, (await params).id]);
      },
    );
    expectTypeOf(handler).parameter(1).toEqualTypeOf<{ readonly params: Promise<{ id: string }> }>();
    const answer = await handler(signedIn(), { params: Promise.resolve({ id: "7" }) });
    expect(await answer.json()).toEqual(["alice", "7"]);
  });
  it("may find nobody where no session is required, in its types as well", async () => {
    const handler = verifySession(
      meta,
      (_req, { session }) => {
        expectTypeOf(session).toEqualTypeOf<Session | undefined>();
        // @ts-expect-error nobody may be there
        void (() => session.userId);
        return Response.json(session?.userId ?? null);
      },
      { sessionRequired: false },
    );
    expect(await (await handler(anonymous(), context)).json()).toBe(null);
    expect(await (await handler(signedIn(), context)).json()).toBe("alice");
  });
  it("is not reached without a session", async () => {
    const answer = await verifySession(meta, () => expect.unreachable())(anonymous(), context);
    expect([answer.status, answer.headers.get("content-type")]).toEqual([401, "application/problem+json"]);
    expect(answer.headers.get("www-authenticate")).toBe('Bearer realm="usermeta"');
  });
  it("is handed the very request that the guard saw", async () => {
    const handler = verifySession(meta, (req) => Response.json(meta.sessionOf(req)?.userId));
    expect(await (await handler(signedIn(), context)).json()).toBe("alice");
  });
});

describe("mounted routes", () => {
  it("are answered below the prefix only, with or without a slash at its end", async () => {
    for (const prefix of ["/usermeta", "/usermeta/"]) {
      const { GET } = mount(metadataRoutes(meta), { prefix });
      expect((await GET(signedIn())).status).toBe(200);
      for (const path of ["/me/metadata", "/usermetal/me/metadata", "/usermeta", "/x/usermeta/me/metadata"])
        expect([path, (await GET(signedIn(`http://app.test${path}`))).status]).toEqual([path, 404]);
    }
  });
  it("write", async () => {
    const { PATCH } = mount(metadataRoutes(meta), { prefix: "/usermeta" });
    const answer = await PATCH(signedIn(url, { method: "PATCH", body: '{"unsafe":{"theme":"dark"}}' }));
    expect([answer.status, (await meta.get("alice")).unsafe]).toEqual([200, { theme: "dark" }]);
  });
  it("are what Next takes from a catch-all route, and no more", () => {
    const methods = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];
    expect(Object.keys(mount([], { prefix: "/" })).sort()).toEqual(methods);
  });
  it("make no chunk of a stream before it is read, and end it when nobody reads on", async () => {
    const log: string[] = [];
    async function* lines(): AsyncGenerator<string, void, undefined> {
      try {
        for (const line of ["one", "two", "three"]) {
          log.push(line);
          yield line;
        }
      } finally {
        log.push("end");
      }
    }
    const routes: Routes = { table: [], handle: async () => ({ status: 200, headers: {}, body: lines() }) };
    const { body } = await mount(routes, { prefix: "/" }).GET(anonymous());
    expect(log).toEqual([]);
    const reader = body?.getReader();
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe("one");
    expect(log).toEqual(["one"]);
    await reader?.cancel();
    expect(log).toEqual(["one", "end"]);
  });
});

describe("getSession", () => {
  it("has a session, unless none is required", () => {
    const required = () => getSession(meta, { scopes: ["a"] });
    const optional = () => getSession(meta, { sessionRequired: false });
    expectTypeOf(required).returns.resolves.toEqualTypeOf<Session>();
    expectTypeOf(optional).returns.resolves.toEqualTypeOf<Session | undefined>();
  });
  it("outside of a request says so in Next's words", async () => {
    await expect(getSession(meta)).rejects.toThrow("outside a request scope");
  });
});

describe("an API route behind verifySession", () => {
  const request = (more: object = {}) =>
    ({ method: "GET", headers: { authorization: `Bearer ${token}` }, ...more }) as unknown as NextApiRequest;
  const response = {} as NextApiResponse;

  it("has the session on its request", async () => {
    const seen: string[] = [];
    await pages.verifySession(meta, (req) => {
      expectTypeOf(req.session).toEqualTypeOf<Session>();
      seen.push(req.session.userId, pages.getSession(meta, req).userId);
    })(request(), response);
    expect(seen).toEqual(["alice", "alice"]);
  });
  it("leaves the session of another library alone, and getSession finds ours", async () => {
    const theirs = { destroy: () => undefined };
    const seen: unknown[] = [];
    await pages.verifySession(meta, (req) => {
      seen.push(req.session, pages.getSession(meta, req).userId);
    })(request({ session: theirs }), response);
    expect(seen).toEqual([theirs, "alice"]);
  });
  it("has the session of the innermost guard", async () => {
    const bob = { userId: "bob" } as Session;
    const seen: unknown[] = [];
    const inner = pages.verifySession({ guard: () => ({ session: bob }) }, (req) => seen.push(req.session.userId));
    await pages.verifySession(meta, inner, { sessionRequired: false })(request(), response);
    expect(seen).toEqual(["bob"]);
  });
  it("may find nobody where no session is required", async () => {
    const seen: unknown[] = [];
    await pages.verifySession(
      meta,
      (req) => {
        expectTypeOf(req.session).toEqualTypeOf<Session | undefined>();
        seen.push("session" in req, pages.getSession(meta, req));
      },
      { sessionRequired: false },
    )(request({ headers: {} }), response);
    expect(seen).toEqual([false, undefined]);
  });
  it("cannot ask for a session where no guard ran", () => {
    expect(() => pages.getSession(meta, request())).toThrow(expect.objectContaining({ code: "no_guard" }));
  });
});
