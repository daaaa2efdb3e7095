import Hapi, { type Server, type ServerOptions } from "@hapi/hapi";
import { hasClaim, type Routes, type Session, type UserMeta, type VerifySessionOptions } from "@usermeta/core";
import { mount, type SessionRequest, verifySession } from "@usermeta/hapi";

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
  /** For hapi itself, e.g. `{ port: 3000 }`. */
  readonly hapi?: ServerOptions;
}

/** A server that keeps `preferences` and the like in its users' private metadata; it does not listen yet. */
export async function createServer({ meta, routes, prefix = "/usermeta", hapi = {} }: AppOptions): Promise<Server> {
  const server = Hapi.server(hapi);
  await server.register(mount(routes), prefix === "/" ? {} : { routes: { prefix } });

  const options = { pre: [{ method: verifySession(meta) }] };
  server.route({
    method: "GET",
    path: "/preferences",
    options,
    handler: async (request: SessionRequest) => {
      const { preferences } = (await meta.get(request.session.getUserId())).private;
      return { preferences };
    },
  });
  server.route({
    method: "POST",
    path: "/updateinfo",
    options,
    handler: async (request: SessionRequest) => {
      await meta.update(request.session.getUserId(), { private: { newKey: "data" } });
      return { message: "successfully updated user metadata" };
    },
  });
  server.route({
    method: "POST",
    path: "/removenotifications",
    options,
    handler: async (request: SessionRequest) => {
      await meta.update(request.session.getUserId(), { private: { notifications: null } });
      return { message: "successfully updated user metadata" };
    },
  });
  server.route({
    method: "POST",
    path: "/clearinfo",
    options,
    handler: async (request: SessionRequest) => {
      await meta.clear(request.session.getUserId(), "private");
      return { success: true };
    },
  });

  server.route({
    method: "GET",
    path: "/whoami",
    options,
    handler: (request: SessionRequest) => ({ userId: request.session.userId }),
  });
  server.route({
    method: "GET",
    path: "/pro",
    options: { pre: [{ method: verifySession(meta, pro) }] },
    handler: (request: SessionRequest) => ({ userId: request.session.userId }),
  });
  server.route({
    method: "GET",
    path: "/optional",
    options: { pre: [{ method: verifySession(meta, { sessionRequired: false }) }] },
    handler: (request: SessionRequest<Session | undefined>) => ({ userId: request.session?.userId ?? null }),
  });
  return server;
}
