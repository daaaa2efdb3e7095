import type { Session } from "@usermeta/core";
import type { NextRequest } from "next/server.js";

/** A route's parameters, e.g. `{ id: string }` of `app/users/[id]/route.ts`. */
export type Params = Readonly<Record<string, string | string[] | undefined>>;

/** A route handler as Next calls it. */
export type RouteHandler<P = Params> = (
  req: NextRequest,
  context: { readonly params: Promise<P> },
) => Promise<Response>;

/** A route handler behind `verifySession`: the session lies beside Next's `params`. */
export type SessionHandler<S extends Session | undefined = Session, P = Params> = (
  req: NextRequest,
  context: { readonly params: Promise<P>; readonly session: S },
) => Response | Promise<Response>;

/** What a catch-all route exports. */
export type MountedRoutes = Readonly<
  Record<"GET" | "HEAD" | "OPTIONS" | "POST" | "PATCH" | "PUT" | "DELETE", (req: NextRequest) => Promise<Response>>
>;
