import { hasClaim, type Routes, type UserMeta, type VerifySessionOptions } from "@usermeta/core";
import { type HttpEvent, mount, verifySession } from "@usermeta/lambda";

/** What `GET /pro` asks of a session: of its claims, of the user's live metadata, and of the token's age. */
const pro = {
  claims: [hasClaim("email_verified", true)],
  requireMetadata: ({ public: { plan } }) => plan === "pro",
  fresh: "token",
} satisfies VerifySessionOptions;

/** What the functions are made of. */
export interface AppOptions {
  readonly meta: UserMeta;
  /** The ready-made routes to serve, e.g. `[metadataRoutes(meta), adminRoutes(meta, { authorize })]`. */
  readonly routes: Routes | readonly Routes[];
  /** Where to serve them. @default "/usermeta" */
  readonly prefix?: string;
}

/** A function per route, under the route's key as API Gateway writes it. */
export type Functions = Readonly<Record<string, (event: HttpEvent) => Promise<unknown>>>;

/** Functions that keep `preferences` and the like in their users' private metadata. */
export function createFunctions({ meta, routes, prefix = "/usermeta" }: AppOptions): Functions {
  return {
    [`ANY ${prefix}/{proxy+}`]: mount(routes, { prefix }),

    "GET /preferences": verifySession(meta, async ({ session }) => {
      const { preferences } = (await meta.get(session.getUserId())).private;
      return json({ preferences });
    }),
    "POST /updateinfo": verifySession(meta, async ({ session }) => {
      await meta.update(session.getUserId(), { private: { newKey: "data" } });
      return json({ message: "successfully updated user metadata" });
    }),
    "POST /removenotifications": verifySession(meta, async ({ session }) => {
      await meta.update(session.getUserId(), { private: { notifications: null } });
      return json({ message: "successfully updated user metadata" });
    }),
    "POST /clearinfo": verifySession(meta, async ({ session }) => {
      await meta.clear(session.getUserId(), "private");
      return json({ success: true });
    }),

    "GET /whoami": verifySession(meta, async ({ session }) => json({ userId: session.userId })),
    "GET /pro": verifySession(meta, async ({ session }) => json({ userId: session.userId }), pro),
    "GET /optional": verifySession(meta, async ({ session }) => json({ userId: session?.userId ?? null }), {
      sessionRequired: false,
    }),
  };
}

const json = (value: object) => ({
  statusCode: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify(value),
});
