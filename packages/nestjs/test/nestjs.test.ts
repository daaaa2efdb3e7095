import { createRequire } from "node:module";
import {
  type ArgumentsHost,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Get,
  type INestApplication,
  Inject,
  Module,
  type ModuleMetadata,
  type NestApplicationOptions,
  Session as NestSession,
  Req,
  UseFilters,
  UseGuards,
  Version,
  VersioningType,
} from "@nestjs/common";
import { APP_FILTER, APP_GUARD, NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter, type NestFastifyApplication } from "@nestjs/platform-fastify";
import {
  adminKey,
  adminRoutes,
  createUserMeta,
  jwtVerifier,
  memoryStore,
  metadataRoutes,
  type SessionMetadata,
  type UserMeta,
} from "@usermeta/core";
import {
  getSession,
  Session,
  SessionDenied,
  USER_META,
  UserMetaModule,
  type UserMetaModuleOptions,
  VerifySession,
} from "@usermeta/nestjs";
import { mintToken, testVerifier } from "@usermeta/testkit";
import express from "express";
import supertest from "supertest";
import { afterEach, beforeAll, describe, expect, expectTypeOf, it } from "vitest";

// Session libraries are not imported, because their types would declare `session` for every other file, too.
const require = createRequire(import.meta.url);
type FastifyPlugin = Parameters<NestFastifyApplication["register"]>[0];

let meta: UserMeta;
let token: string;
beforeAll(async () => {
  meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });
  token = await mintToken({ sub: "alice" });
});
const as = (test: supertest.Test) => test.set("authorization", `Bearer ${token}`);
const codeOf = ({ body }: supertest.Response) => (body as { code?: string }).code;

/** Sees the exceptions that it is asked about, and answers what they are. */
@Catch()
class CatchAll implements ExceptionFilter {
  catch(error: Error & { code?: string }, host: ArgumentsHost): void {
    const res = host.switchToHttp().getResponse<{ status(code: number): { send(body: object): void } }>();
    const denied = error instanceof SessionDenied ? (error.getResponse() as { code: string }).code : undefined;
    res.status(418).send({ denied, code: error.code, name: error.name });
  }
}

@Controller()
class HandlerController {
  @Get("me")
  @UseGuards(VerifySession())
  me(@Session() session: Session) {
    return { userId: session.userId };
  }
  @Get("scoped")
  @UseGuards(VerifySession({ scopes: ["write"] }))
  scoped(@Session() session: Session) {
    return { userId: session.userId };
  }
  @Get("optional")
  @UseGuards(VerifySession({ sessionRequired: false }))
  optional(@Session() session: Session | undefined) {
    return { userId: session?.userId ?? null };
  }
  @Get("twice")
  @UseGuards(VerifySession({ sessionRequired: false }), VerifySession())
  twice(@Session() session: Session, @NestSession() latest: Session) {
    return [session.userId, latest === session];
  }
  @Get("theirs")
  @UseGuards(VerifySession())
  theirs(@Session() session: Session, @NestSession() theirs: object, @Req() req: object) {
    return [session.userId, getSession(meta, req).userId, theirs === session];
  }
  @Get("unguarded")
  unguarded(@Session() session: Session) {
    return { userId: session.userId };
  }
  @Get("filtered")
  @UseGuards(VerifySession())
  @UseFilters(CatchAll)
  filtered() {
    return {};
  }
}

@Controller("guarded")
@UseGuards(VerifySession())
class GuardedController {
  constructor(@Inject(USER_META) private readonly mine: UserMeta) {}
  @Get()
  async read(@Session() session: Session) {
    return (await this.mine.get(session.userId)).userId;
  }
  @Get("old")
  @Version("2")
  versioned(@Session() session: Session) {
    return session.userId;
  }
}

const platforms = { express: () => new ExpressAdapter(), fastify: () => new FastifyAdapter() };
const apps: INestApplication[] = [];
afterEach(async () => {
  for (const app of apps.splice(0)) await app.close();
});

describe.each(["express", "fastify"] as const)("on %s", (platform) => {
  interface Setup extends Partial<UserMetaModuleOptions> {
    readonly root?: ModuleMetadata;
    readonly options?: NestApplicationOptions;
    readonly configure?: (app: INestApplication) => unknown;
  }
  async function start({ root, options, configure, ...module }: Setup = {}) {
    @Module({
      imports: [UserMetaModule.forRoot({ meta, ...module })],
      controllers: [HandlerController, GuardedController],
      ...root,
    })
    class RootModule {}
    const app = await NestFactory.create(RootModule, platforms[platform](), { logger: false, ...options });
    apps.push(app);
    await configure?.(app);
    await app.listen(0, "127.0.0.1");
    return supertest(await app.getUrl());
  }
  const routes = () => [metadataRoutes(meta), adminRoutes(meta, { authorize: adminKey({ ops: "k".repeat(32) }) })];

  describe("the routes", () => {
    it.each(["usermeta", "/usermeta", "/usermeta/"])("are below the global prefix, under %s", async (prefix) => {
      const server = await start({ routes: routes(), prefix, configure: (app) => app.setGlobalPrefix("api") });
      expect((await as(server.get("/api/usermeta/me/metadata"))).status).toBe(200);
      expect((await as(server.get("/usermeta/me/metadata"))).status).toBe(404);
      expect((await as(server.get("/api/me"))).body).toEqual({ userId: "alice" });
    });
    it("have no version, whatever the application's handlers have", async () => {
      const server = await start({
        routes: routes(),
        prefix: "usermeta",
        configure: (app) => app.enableVersioning({ type: VersioningType.URI, defaultVersion: "1" }),
      });
      expect((await as(server.get("/usermeta/me/metadata"))).status).toBe(200);
      expect((await as(server.get("/v1/me"))).body).toEqual({ userId: "alice" });
      expect((await as(server.get("/v2/guarded/old"))).text).toBe("alice");
      expect((await server.get("/v2/guarded/old")).status).toBe(401);
    });
    it("are behind what the application uses, and ahead of its controllers", async () => {
      const seen: string[] = [];
      const server = await start({
        routes: routes(),
        configure: (app) =>
          app.use((req: { url: string }, _res: unknown, next: () => void) => {
            seen.push(req.url);
            next();
          }),
      });
      await as(server.get("/me/metadata"));
      expect(seen).toEqual(["/me/metadata"]);
    });
    it("leave everything to the application where there are none", async () => {
      const server = await start();
      expect((await as(server.get("/me/metadata"))).status).toBe(404);
      expect((await as(server.get("/me"))).status).toBe(200);
    });
    it("are not behind a guard for all handlers", async () => {
      const guard = { provide: APP_GUARD, useClass: VerifySession() };
      const server = await start({ routes: routes(), root: { providers: [guard] } });
      const listed = await server.get("/admin/users").set("authorization", `Bearer ${"k".repeat(32)}`);
      expect(listed.status).toBe(200);
    });
    it("refuse a path that does not decode like any other wrong id", async () => {
      const server = await start({ routes: routes() });
      const answer = await server.get("/admin/users/%zz/metadata").set("authorization", `Bearer ${"k".repeat(32)}`);
      expect([answer.status, codeOf(answer)]).toEqual([400, "invalid_user_id"]);
      expect((await server.get("/other/%zz")).status).not.toBe(200);
    });
  });

  describe("the body", () => {
    const worlds: Record<string, Setup> = {
      "with Nest's parsers": {},
      "with raw bodies kept": { options: { rawBody: true } },
      "without Nest's parsers": { options: { bodyParser: false } },
    };
    it.each(Object.entries(worlds))("is unread %s", async (_, world) => {
      const server = await start({ routes: routes(), ...world });
      const patch = (text: string) => as(server.patch("/me/metadata")).type("application/json").send(text);
      expect(codeOf(await patch('{"unsafe":{"a":1,"a":2}}'))).toBe("duplicate_key");
      expect(codeOf(await patch("{"))).toBe("invalid_json");
      expect((await patch('{"unsafe":{"a":1}}')).status).toBe(200);
    });
  });

  describe("the guard", () => {
    it("serves a handler, a controller, and with APP_GUARD all of them", async () => {
      const open = await start();
      expect((await as(open.get("/guarded"))).text).toBe("alice");
      expect([(await open.get("/guarded")).status, (await open.get("/me")).status]).toEqual([401, 401]);
      expect((await open.get("/unguarded")).status).toBe(500);
      const closed = await start({ root: { providers: [{ provide: APP_GUARD, useClass: VerifySession() }] } });
      expect((await closed.get("/unguarded")).status).toBe(401);
      expect((await as(closed.get("/unguarded"))).body).toEqual({ userId: "alice" });
    });
    it("asks for scopes", async () => {
      const answer = await as((await start()).get("/scoped"));
      expect([answer.status, codeOf(answer)]).toEqual([403, "insufficient_scope"]);
      expect(answer.headers["www-authenticate"]).toContain('scope="write"');
    });
    it("runs again behind an optional one, and the last session counts", async () => {
      const server = await start();
      expect((await as(server.get("/twice"))).body).toEqual(["alice", true]);
      expect((await server.get("/twice")).status).toBe(401);
    });
    it("gives Nest's own @Session() the session where no other library keeps one", async () => {
      expect((await as((await start()).get("/theirs"))).body).toEqual(["alice", "alice", true]);
    });
    it("leaves req.session to the session library that keeps one there", async () => {
      const secret = "a secret of at least thirty-two characters";
      const server = await start({
        configure: async (app) => {
          if (platform === "express") {
            const session = require("express-session") as (options: object) => unknown;
            app.use(session({ secret, resave: false, saveUninitialized: false }));
          } else {
            const fastify = app as NestFastifyApplication;
            await fastify.register(require("@fastify/cookie") as FastifyPlugin);
            await fastify.register(require("@fastify/session") as FastifyPlugin, { secret });
          }
        },
      });
      expect((await as(server.get("/theirs"))).body).toEqual(["alice", "alice", false]);
    });
  });

  describe("a denial", () => {
    const words = { denied: "session_required", code: undefined, name: "SessionDenied" };
    it("is core's, byte for byte, beside headers of the application", async () => {
      const { response } = await meta.guard({ method: "GET", headers: {} });
      const server = await start({
        configure: (app) => {
          app.use((_req: unknown, res: { setHeader(name: string, value: string): void }, next: () => void) => {
            res.setHeader("x-application", "yes");
            next();
          });
        },
      });
      const { status, headers, text } = await server.get("/me");
      expect([status, text]).toEqual([401, response?.body]);
      expect(headers).toMatchObject({ ...response?.headers, "x-application": "yes" });
    });
    it.each<[string, Setup]>([
      ["a filter for all", { configure: (app) => app.useGlobalFilters(new CatchAll()) }],
      ["a filter of the root module", { root: { providers: [{ provide: APP_FILTER, useClass: CatchAll }] } }],
    ])("is worded by %s, and keeps the challenge", async (_, setup) => {
      const { status, headers, body } = await (await start(setup)).get("/me");
      expect([status, body]).toEqual([418, JSON.parse(JSON.stringify(words))]);
      expect(headers).toMatchObject({ "www-authenticate": 'Bearer realm="usermeta"', "cache-control": "no-store" });
      expect(headers["content-type"]).toMatch(/^application\/json/);
    });
    it("is worded by the filter of the handler", async () => {
      const { status, body } = await (await start()).get("/filtered");
      expect([status, body]).toEqual([418, JSON.parse(JSON.stringify(words))]);
    });
  });

  it("says what is missing where a handler without a guard asks for the session", async () => {
    const server = await start({ configure: (app) => app.useGlobalFilters(new CatchAll()) });
    expect((await as(server.get("/unguarded"))).body).toMatchObject({ code: "no_guard" });
  });

  it("is put together from what the container provides", async () => {
    @Module({ providers: [{ provide: "PREFIX", useValue: "config" }], exports: ["PREFIX"] })
    class ConfigModule {}
    const module = UserMetaModule.forRootAsync({
      imports: [ConfigModule],
      inject: ["PREFIX"],
      useFactory: async (prefix: string) => ({ meta, routes: metadataRoutes(meta), prefix }),
    });
    const server = await start({ root: { imports: [module] } });
    expect((await as(server.get("/config/me/metadata"))).status).toBe(200);
    expect((await as(server.get("/guarded"))).text).toBe("alice");
  });
});

it("parses nothing before an application's own parser on Express either", async () => {
  const app = await NestFactory.create(
    { module: class {}, imports: [UserMetaModule.forRoot({ meta, routes: metadataRoutes(meta) })] },
    new ExpressAdapter(),
    { logger: false },
  );
  apps.push(app);
  app.use(express.json({ limit: "1mb" }));
  await app.listen(0, "127.0.0.1");
  const text = '{"unsafe":{"a":1,"a":2}}';
  const answer = await as(supertest(await app.getUrl()).patch("/me/metadata"))
    .type("application/json")
    .send(text);
  expect(codeOf(answer)).toBe("duplicate_key");
});

it.each(["rpc", "ws", "graphql"])("refuses to guard a handler for %s, in words", async (type) => {
  const context = { getType: () => type } as unknown as ExecutionContext;
  const guard = new (VerifySession())(meta);
  await expect(async () => guard.canActivate(context)).rejects.toThrow(
    expect.objectContaining({ code: "invalid_config", message: expect.stringContaining(type) as string }),
  );
});

it("has types for both names of Session", () => {
  expectTypeOf<Session>().toEqualTypeOf<ReturnType<typeof getSession<SessionMetadata>>>();
  expectTypeOf(Session).toExtend<() => ParameterDecorator>();
  // @ts-expect-error a module needs the instance
  expect(() => UserMetaModule.forRoot({ routes: [] })).not.toThrow();
});
