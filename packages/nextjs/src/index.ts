import type { Documents, Routes, Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { toResponse } from "@usermeta/exchange/web";
import "./authorization.ts";
import type { MountedRoutes, Params, RouteHandler, SessionHandler } from "./handler.ts";
import { drain, toRequest } from "./request.ts";

export type { MountedRoutes, RouteHandler, SessionHandler } from "./handler.ts";
export { getSession } from "./session.ts";

/**
 * Wraps a route handler, so that it runs once the session is verified; other requests are answered here.
 *
 * ```ts
 * export const GET = verifySession(meta, (req, { session }) => Response.json({ userId: session.userId }));
 * ```
 */
export function verifySession<P = Params>(
  meta: Pick<UserMeta<Documents>, "guard">,
  handler: SessionHandler<Session, P>,
  options?: VerifySessionOptions & { readonly sessionRequired?: true },
): RouteHandler<P>;
export function verifySession<P = Params>(
  meta: Pick<UserMeta<Documents>, "guard">,
  handler: SessionHandler<Session | undefined, P>,
  options: VerifySessionOptions,
): RouteHandler<P>;
export function verifySession(
  meta: Pick<UserMeta<Documents>, "guard">,
  handler: SessionHandler<never>,
  options?: VerifySessionOptions,
): RouteHandler {
  return async (req, context) => {
    const { session, response } = await meta.guard(req, options);
    return response ? toResponse(req, response) : handler(req, { ...context, session: session as never });
  };
}

/**
 * Serves route tables from a catch-all route, e.g. `app/usermeta/[...path]/route.ts`.
 *
 * ```ts
 * export const { GET, HEAD, OPTIONS, POST, PATCH, PUT, DELETE } = mount(metadataRoutes(meta), { prefix: "/usermeta" });
 * ```
 */
export function mount(routes: Routes | readonly Routes[], { prefix }: { readonly prefix: string }): MountedRoutes {
  const [tables, base] = [[routes].flat(), prefix.replace(/\/$/, "")];
  const handle: MountedRoutes["GET"] = async (req) => {
    const request = toRequest(req, base);
    for (const table of tables) {
      const answer = request && table.handle(request);
      if (answer) return answer.then((response) => toResponse(req, response)).finally(() => drain(req.body));
    }
    return new Response(null, { status: 404 });
  };
  return { GET: handle, HEAD: handle, OPTIONS: handle, POST: handle, PATCH: handle, PUT: handle, DELETE: handle };
}
