import { once } from "node:events";
import {
  createUserMeta,
  type HttpResponse,
  jwtVerifier,
  memoryStore,
  metadataRoutes,
  type Routes,
  type Session,
  type UserMeta,
} from "@usermeta/core";
import { getSession, mount, verifySession } from "@usermeta/fetch";
import { mintToken, testVerifier } from "@usermeta/testkit";
import { beforeAll, describe, expect, expectTypeOf, it } from "vitest";

let meta: UserMeta;
let headers: Record<string, string>;
beforeAll(async () => {
  meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  headers = { authorization: `Bearer ${await mintToken({ sub: "alice" })}` };
});
const get = (path: string, init?: RequestInit) => new Request(`https://x.test${path}`, init);
/** A table that answers everything alike. */
const answering = (answer: (url: string, signal?: AbortSignal) => Partial<HttpResponse>): Routes => ({
  table: [],
  handle: async ({ url, signal }) => ({ status: 200, headers: {}, body: "", ...answer(url, signal) }),
});
const echo = answering((url) => ({ body: url }));

describe("a guarded handler", () => {
  it("gets the session second, and then what the platform passes", async () => {
    const handler = verifySession(meta, (_request, { session }, env: { name: string }, ctx: number) =>
      Response.json([session.userId, env.name, ctx]),
    );
    expectTypeOf(handler).parameters.toEqualTypeOf<[Request, { name: string }, number]>();
    expect(await (await handler(get("/", { headers }), { name: "kv" }, 7)).json()).toEqual(["alice", "kv", 7]);
  });
  it("need not know of anything else the platform passes", async () => {
    const handler: (request: Request, context: { params: Promise<object> }) => Promise<Response> = verifySession(
      meta,
      (_request, { session }) => Response.json(session.userId),
    );
    const answer = await handler(get("/", { headers }), { params: Promise.resolve({}) });
    expect(await answer.json()).toBe("alice");
  });
  it("has a session, or maybe one, in its types", () => {
    verifySession(meta, (_request, { session }) => {
      expectTypeOf(session).toEqualTypeOf<Session>();
      return new Response();
    });
    verifySession(meta, async (_request, { session }) => Response.json(session.userId), { scopes: ["a"] });
    const optional = { sessionRequired: false };
    verifySession(
      meta,
      (_request, { session }) => {
        expectTypeOf(session).toEqualTypeOf<Session | undefined>();
        return new Response();
      },
      optional,
    );
    // @ts-expect-error nobody may be there
    verifySession(meta, (_request, { session }: { session: Session }) => Response.json(session), optional);
  });
  it("hands the request on, whose session getSession knows", async () => {
    const userId = (request: Request) => getSession(meta, request)?.userId ?? null;
    const handler = verifySession(meta, (request) => Response.json(userId(request)), { sessionRequired: false });
    expect(await (await handler(get("/", { headers }))).json()).toBe("alice");
    expect(await (await handler(get("/"))).json()).toBeNull();
    expect(() => getSession(meta, get("/"))).toThrow(expect.objectContaining({ code: "no_guard" }));
  });
});

describe("the mount", () => {
  it.each([
    ["", "/a?x=/%31", "/a?x=/%31"],
    ["/", "//a", "//a"],
    ["/u", "/u/%zz%2F?", "/%zz%2F?"],
    ["/u/", "/u//a#b", "//a#b"],
    ["/u", "/u/./b/%2e%2E/a", "/a"], // by `URL`, before anybody sees it
    ["/u", "/u", undefined],
    ["/u", "/u?/a", undefined],
    ["/u", "/us/a", undefined],
    ["/u", "/U/a", undefined],
    ["/u", "/%75/a", undefined],
  ])("below %j takes %j for %j", async (prefix, path, target) => {
    const answer = await mount(echo, { prefix })(get(path));
    expect([answer.status, await answer.text()]).toEqual(target === undefined ? [404, "Not Found"] : [200, target]);
  });
  it("leaves the rest to the fallback, with what the platform passes", async () => {
    const own = (_request: Request, env: { name: string }) => new Response(env.name);
    const app = mount(metadataRoutes(meta), { prefix: "/u", fallback: own });
    expect(await (await app(get("/u/nowhere"), { name: "kv" })).text()).toBe("kv");
    expect((await app(get("/u/me/metadata"), { name: "kv" })).status).toBe(401);
  });
  it("asks the tables in order", async () => {
    const app = mount([metadataRoutes(meta), echo]);
    expect((await app(get("/me/metadata"))).status).toBe(401);
    expect(await (await app(get("/other"))).text()).toBe("/other");
  });
  it("gives an empty body to nobody", async () => {
    for (const status of [200, 204, 304])
      expect((await mount(answering(() => ({ status })))(get("/"))).body).toBeNull();
  });
  it("passes unexpected errors on", async () => {
    const broken = answering(() => {
      throw new Error("boom");
    });
    await expect(mount(broken)(get("/"))).rejects.toThrow("boom");
  });
});

describe("a stream", () => {
  let made = 0;
  let ended = 0;
  /** Counts what is made, and waits for the client to go after `length` lines. */
  const lines = (length: number) =>
    answering((_url, signal) => {
      async function* body(): AsyncGenerator<string> {
        try {
          for (let i = 0; i < length; i++) yield `${++made}\n`;
          if (signal && !signal.aborted) await once(signal, "abort");
        } finally {
          ended++;
        }
      }
      made = ended = 0;
      return { body: body() };
    });

  it("is made as it is read", async () => {
    const reader = (await mount(lines(1000))(get("/"))).body?.getReader();
    expect(made).toBe(0);
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("1\n");
    expect(made).toBe(1);
    await reader?.cancel();
    expect([made, ended]).toEqual([1, 1]);
  });
  it("ends when it is cancelled while it waits", async () => {
    const reader = (await mount(lines(1))(get("/"))).body?.getReader();
    await reader?.read();
    void reader?.read();
    await reader?.cancel();
    expect(ended).toBe(1);
  });
  it("ends when the request is aborted", async () => {
    const client = new AbortController();
    const reader = (await mount(lines(1))(get("/", { signal: client.signal }))).body?.getReader();
    await reader?.read();
    client.abort();
    expect((await reader?.read())?.done).toBe(true);
  });
  it("is not begun for HEAD", async () => {
    const { body } = await mount(lines(1))(get("/", { method: "HEAD" }));
    expect([body, made]).toEqual([null, 0]);
  });
});
