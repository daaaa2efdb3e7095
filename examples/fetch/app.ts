import { hasClaim, type Routes, type UserMeta, type VerifySessionOptions } from "@usermeta/core";
import { type FetchHandler, mount, verifySession } from "@usermeta/fetch";

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
}

/** An application that keeps `preferences` and the like in its users' private metadata: one fetch handler. */
export function createApp({ meta, routes, prefix = "/usermeta" }: AppOptions): FetchHandler<[]> {
  const handlers: Readonly<Record<string, FetchHandler<[]>>> = {
    "GET /preferences": verifySession(meta, async (_request, { session }) => {
      const { preferences } = (await meta.get(session.getUserId())).private;
      return Response.json({ preferences });
    }),
    "POST /updateinfo": verifySession(meta, async (_request, { session }) => {
      await meta.update(session.getUserId(), { private: { newKey: "data" } });
      return Response.json({ message: "successfully updated user metadata" });
    }),
    "POST /removenotifications": verifySession(meta, async (_request, { session }) => {
      await meta.update(session.getUserId(), { private: { notifications: null } });
      return Response.json({ message: "successfully updated user metadata" });
    }),
    "POST /clearinfo": verifySession(meta, async (_request, { session }) => {
      await meta.clear(session.getUserId(), "private");
      return Response.json({ success: true });
    }),

    "GET /whoami": verifySession(meta, (_request, { session }) => Response.json({ userId: session.userId })),
    "GET /pro": verifySession(meta, (_request, { session }) => Response.json({ userId: session.userId }), pro),
    "GET /optional": verifySession(
      meta,
      (_request, { session }) => Response.json({ userId: session?.userId ?? null }),
      { sessionRequired: false },
    ),
  };
  return mount(routes, {
    prefix,
    fallback: (request) => {
      const method = request.method === "HEAD" ? "GET" : request.method;
      const handler = handlers[`${method} ${new URL(request.url).pathname}`];
      return handler?.(request) ?? new Response("Not Found", { status: 404 });
    },
  });
}
