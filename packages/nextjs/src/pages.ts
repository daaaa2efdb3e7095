import type { Routes, Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import type { NextApiHandler, NextApiRequest, NextApiResponse } from "next";
import { send, toRequest } from "./pages-exchange.ts";

/** Requests whose `session` a guard of ours has set: the next guard sets it anew, while iron-session's stays. */
const ours = new WeakSet<NextApiRequest>();

/** An API route behind `verifySession`. */
export type SessionHandler<S extends Session | undefined = Session> = (
  req: NextApiRequest & { readonly session: S },
  res: NextApiResponse,
) => unknown;

/**
 * Wraps an API route, so that it runs once the session is verified; other requests are answered here.
 *
 * ```ts
 * export default verifySession(meta, (req, res) => res.json({ userId: req.session.userId }));
 * ```
 */
export function verifySession(
  meta: Pick<UserMeta, "guard">,
  handler: SessionHandler,
  options?: VerifySessionOptions & { readonly sessionRequired?: true },
): NextApiHandler;
export function verifySession(
  meta: Pick<UserMeta, "guard">,
  handler: SessionHandler<Session | undefined>,
  options: VerifySessionOptions,
): NextApiHandler;
export function verifySession(
  meta: Pick<UserMeta, "guard">,
  handler: SessionHandler<never>,
  options?: VerifySessionOptions,
): NextApiHandler {
  return async (req, res) => {
    const { session, response } = await meta.guard(req, options);
    if (response) return send(req, res, response);
    if (session && (ours.has(req) || !("session" in req))) ours.add(Object.assign(req, { session }));
    await handler(req as never, res);
  };
}

/** The session that the guard found for this request, also where `req.session` is another library's. */
export function getSession(meta: Pick<UserMeta, "sessionOf">, req: NextApiRequest): Session {
  return meta.sessionOf(req) as Session;
}

/** Serves route tables: `export default mount(metadataRoutes(meta), { prefix: "/api/usermeta" })`. */
export function mount(routes: Routes | readonly Routes[], { prefix }: { readonly prefix: string }): NextApiHandler {
  const [tables, base] = [[routes].flat(), prefix.replace(/\/$/, "")];
  return async (req, res) => {
    const request = toRequest(req, res, base);
    for (const table of tables) {
      const answer = request && table.handle(request);
      if (answer) return send(req, res, await answer);
    }
    res.status(404).end();
  };
}
