import { inject, intercept } from "@loopback/core";
import { get, type Middleware, post, RestApplication, RestBindings, type RestServerConfig } from "@loopback/rest";
import { hasClaim, type Routes, type Session, type UserMeta, type VerifySessionOptions } from "@usermeta/core";
import { mount, type SessionContext, verifySession } from "@usermeta/loopback";

/** What `GET /pro` asks of a session: of its claims, of the user's live metadata, and of the token's age. */
const pro = {
  claims: [hasClaim("email_verified", true)],
  requireMetadata: ({ public: { plan } }) => plan === "pro",
  fresh: "token",
} satisfies VerifySessionOptions;

/** What the application is made of. */
export interface AppOptions {
  readonly meta: UserMeta;
  /** The ready-made routes to serve, e.g. `[metadataRoutes(meta), adminRoutes(meta, { authorize })]`. */
  readonly routes: Routes | readonly Routes[];
  /** Where to serve them. @default "/usermeta" */
  readonly prefix?: string;
  readonly rest?: RestServerConfig;
}

/** An application that keeps `preferences` and the like in its users' private metadata; it does not listen yet. */
export function createApp({ meta, routes, prefix = "/usermeta", rest }: AppOptions): RestApplication {
  class PreferencesController {
    constructor(@inject(RestBindings.Http.CONTEXT) private ctx: SessionContext) {}

    @get("/preferences")
    @intercept(verifySession(meta))
    async read() {
      const { preferences } = (await meta.get(this.ctx.session.getUserId())).private;
      return { preferences };
    }

    @post("/updateinfo")
    @intercept(verifySession(meta))
    async update() {
      await meta.update(this.ctx.session.getUserId(), { private: { newKey: "data" } });
      return { message: "successfully updated user metadata" };
    }

    @post("/removenotifications")
    @intercept(verifySession(meta))
    async removeNotifications() {
      await meta.update(this.ctx.session.getUserId(), { private: { notifications: null } });
      return { message: "successfully updated user metadata" };
    }

    @post("/clearinfo")
    @intercept(verifySession(meta))
    async clear() {
      await meta.clear(this.ctx.session.getUserId(), "private");
      return { success: true };
    }

    @get("/whoami")
    @intercept(verifySession(meta))
    whoami() {
      return { userId: this.ctx.session.userId };
    }

    @get("/pro")
    @intercept(verifySession(meta, pro))
    pro() {
      return { userId: this.ctx.session.userId };
    }
  }

  class VisitorController {
    constructor(@inject(RestBindings.Http.CONTEXT) private ctx: SessionContext<Session | undefined>) {}

    @get("/optional")
    @intercept(verifySession(meta, { sessionRequired: false }))
    optional() {
      return { userId: this.ctx.session?.userId ?? null };
    }
  }

  const cors = { origin: false }; // LoopBack's default lets the pages of every site read every answer
  const app = new RestApplication({ rest: { host: "127.0.0.1", cors, ...rest } });
  app.middleware(headAsGet);
  app.component(mount(routes, { prefix }));
  app.controller(PreferencesController);
  app.controller(VisitorController);
  return app;
}

/** LoopBack routes no HEAD by itself, while HTTP wants it wherever there is GET. */
const headAsGet: Middleware = ({ request }, next) => {
  if (request.method === "HEAD") request.method = "GET";
  return next();
};
