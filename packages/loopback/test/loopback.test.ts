import { globalInterceptor, type Interceptor, inject, intercept, type Provider } from "@loopback/core";
import {
  DefaultSequence,
  get,
  type Middleware,
  post,
  RestApplication,
  RestBindings,
  type RestServerConfig,
  requestBody,
} from "@loopback/rest";
import {
  adminKey,
  adminRoutes,
  createUserMeta,
  jwtVerifier,
  memoryStore,
  metadataRoutes,
  type Session,
  type UserMeta,
} from "@usermeta/core";
import { getSession, mount, type SessionContext, verifySession } from "@usermeta/loopback";
import { mintToken, testVerifier } from "@usermeta/testkit";
import express from "express";
import supertest from "supertest";
import { afterEach, beforeAll, describe, expect, expectTypeOf, it } from "vitest";

const origin = "https://app.test";
let meta: UserMeta;
let token: string;
beforeAll(async () => {
  meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()), origins: [origin] });
  token = await mintToken({ sub: "alice" });
});
const as = (test: supertest.Test) => test.set("authorization", `Bearer ${token}`);
const codeOf = ({ body }: supertest.Response) => (body as { code?: string }).code;
/** The instance is made after the classes, whose decorators need it. */
const guard: Interceptor = (invocation, next) => verifySession(meta)(invocation, next);

class HandlerController {
  constructor(@inject(RestBindings.Http.CONTEXT) private readonly ctx: SessionContext) {}

  @get("/me")
  @intercept(guard)
  me() {
    return [
      this.ctx.session.userId,
      getSession(meta, this.ctx).userId,
      this.ctx.session === getSession(meta, this.ctx),
    ];
  }
  @get("/twice")
  @intercept((invocation, next) => verifySession(meta, { sessionRequired: false })(invocation, next), guard)
  twice() {
    return [this.ctx.session.userId, this.ctx.session === getSession(meta, this.ctx)];
  }
  @get("/unguarded")
  unguarded() {
    return ["session" in this.ctx, getSession(meta, this.ctx)];
  }
  @post("/notes")
  @intercept(guard)
  note(
    @requestBody({ content: { "application/json": { schema: { type: "object", required: ["text"] } } } })
    { text }: { text: string },
  ) {
    return { text, userId: this.ctx.session.userId };
  }
}

@intercept(guard)
class GuardedController {
  constructor(@inject(RestBindings.Http.CONTEXT) private readonly ctx: SessionContext) {}
  @get("/guarded")
  read() {
    return { userId: this.ctx.session.userId };
  }
}

async function start(
  rest: RestServerConfig = {},
  configure: (app: RestApplication) => unknown = (app) => app.component(mount(routes(), { prefix: "/usermeta" })),
) {
  const app = new RestApplication({ rest: { listenOnStart: false, ...rest } });
  app.bind(RestBindings.SequenceActions.LOG_ERROR).to(() => undefined);
  app.controller(HandlerController);
  app.controller(GuardedController);
  configure(app);
  apps.push(app);
  await app.start();
  return supertest(app.requestHandler);
}
const apps: RestApplication[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.stop();
});
const routes = () => [metadataRoutes(meta), adminRoutes(meta, { authorize: adminKey({ ops: "k".repeat(32) }) })];

describe("the guard", () => {
  it("puts the session on the context of a handler, or of a whole controller", async () => {
    const server = await start();
    expect((await as(server.get("/me"))).body).toEqual(["alice", "alice", true]);
    expect((await as(server.get("/guarded"))).body).toEqual({ userId: "alice" });
    expect([(await server.get("/me")).status, (await server.get("/guarded")).status]).toEqual([401, 401]);
  });
  it("serves all handlers as a global interceptor", async () => {
    @globalInterceptor("auth")
    class GuardProvider implements Provider<Interceptor> {
      value() {
        return guard;
      }
    }
    const server = await start({}, (app) => app.add(app.interceptor(GuardProvider)));
    expect((await server.get("/unguarded")).status).toBe(401);
    expect((await as(server.get("/unguarded"))).body).toMatchObject([true, { userId: "alice" }]);
    expect((await server.get("/openapi.json")).status).toBe(200);
  });
  it("runs again behind an optional one, and the last session counts", async () => {
    const server = await start();
    expect((await as(server.get("/twice"))).body).toEqual(["alice", true]);
    expect((await server.get("/twice")).status).toBe(401);
  });
  it("leaves ctx.session to a library that keeps one there, and getSession finds ours", async () => {
    const theirs: Middleware = (ctx, next) => {
      Object.assign(ctx, { session: { userId: "theirs" } });
      return next();
    };
    const server = await start({}, (app) => app.middleware(theirs));
    expect((await as(server.get("/me"))).body).toEqual(["theirs", "alice", false]);
  });
  it("lets nobody's session be had where it did not run", async () => {
    expect((await as((await start()).get("/unguarded"))).status).toBe(500);
    expect(() => getSession(meta, { request: {} as SessionContext["request"] })).toThrow(
      expect.objectContaining({ code: "no_guard" }),
    );
  });
  it("comes after LoopBack has read and checked the arguments", async () => {
    const server = await start();
    expect((await as(server.post("/notes").send({ text: "x" }))).body).toEqual({ text: "x", userId: "alice" });
    expect((await server.post("/notes").send({ text: "x" })).status).toBe(401);
    expect((await server.post("/notes").send({})).status).toBe(422);
  });
});

describe("the routes", () => {
  it("are below the base path", async () => {
    const server = await start({ basePath: "/api" });
    expect((await as(server.get("/api/usermeta/me/metadata"))).status).toBe(200);
    expect((await as(server.get("/usermeta/me/metadata"))).status).toBe(404);
    expect((await as(server.get("/api//usermeta/me/metadata"))).status).toBe(404);
  });
  it("are where an Express application puts all of LoopBack", async () => {
    await start();
    const server = supertest(express().use("/lb", (apps[0] as RestApplication).requestHandler));
    expect((await as(server.get("/lb/usermeta/me/metadata?x"))).status).toBe(200);
  });
  it("answer for themselves with LoopBack's own CORS, which the handlers keep", async () => {
    const server = await start();
    const denied = await server.get("/usermeta/me/metadata").set("origin", "https://evil.test");
    expect([denied.status, denied.headers]).not.toHaveProperty([1, "access-control-allow-origin"]);
    const preflight = await server
      .options("/usermeta/me/metadata")
      .set({ origin, "access-control-request-method": "PATCH" });
    expect([preflight.status, preflight.headers]).toMatchObject([204, { "access-control-allow-origin": origin }]);
    expect((await as(server.get("/me"))).headers).toMatchObject({ "access-control-allow-origin": "*" });
  });
  it("read their body themselves", async () => {
    const patch = as((await start()).patch("/usermeta/me/metadata")).type("application/json");
    expect(codeOf(await patch.send('{"unsafe":{"a":1,"a":2}}'))).toBe("duplicate_key");
  });
  it("can be mounted several times", async () => {
    const server = await start({}, (app) => {
      app.component(mount(metadataRoutes(meta), { prefix: "/one" }));
      app.component(mount(metadataRoutes(meta), { prefix: "/two/" }));
    });
    for (const prefix of ["/one", "/two"]) expect((await as(server.get(`${prefix}/me/metadata`))).status).toBe(200);
  });
  it("are there with a sequence of actions, too", async () => {
    const server = await start({ sequence: DefaultSequence });
    expect((await as(server.get("/usermeta/me/metadata"))).status).toBe(200);
    expect((await server.get("/usermeta/me/metadata")).status).toBe(401);
    expect((await as(server.get("/me"))).status).toBe(200);
    expect((await server.get("/me")).status).toBe(401);
  });
  it("leave the description of the application's own to LoopBack", async () => {
    const server = await start();
    const { paths } = (await server.get("/openapi.json")).body as { paths: object };
    expect(Object.keys(paths).sort()).toEqual(["/guarded", "/me", "/notes", "/twice", "/unguarded"]);
    expect((await server.get("/explorer")).status).toBe(302);
  });
});

it("has types for a session that is there, and for one that may be", () => {
  expectTypeOf<SessionContext["session"]>().toEqualTypeOf<Session>();
  expectTypeOf<SessionContext<Session | undefined>["session"]>().toEqualTypeOf<Session | undefined>();
  expectTypeOf(verifySession).returns.toEqualTypeOf<Interceptor>();
  // @ts-expect-error the component needs its routes
  expect(() => mount()).not.toThrow();
});
