import type { Documents, Guard, Routes, Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { send, toRequest } from "@usermeta/exchange/node";
import { attachSession } from "@usermeta/exchange/session";
import type { NextApiHandler, NextApiRequest, NextApiResponse } from "next";

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
  meta: Pick<UserMeta<Documents>, "guard">,
  handler: SessionHandler,
  options?: VerifySessionOptions & { readonly sessionRequired?: true },
): NextApiHandler;
export function verifySession(
  meta: Pick<UserMeta<Documents>, "guard">,
  handler: SessionHandler<Session | undefined>,
  options: VerifySessionOptions,
): NextApiHandler;
export function verifySession(
  meta: Pick<UserMeta<Documents>, "guard">,
  handler: SessionHandler<never>,
  options?: VerifySessionOptions,
): NextApiHandler {
  return async (req, res) => {
    const { session, response } = await meta.guard(req, options);
    if (response) return send(req, res, response);
    attachSession(req, session);
    await handler(req as never, res);
  };
}

/** The session that the guard found for this request, also where `req.session` is another library's. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, req: NextApiRequest): Session<M> {
  return meta.sessionOf(req) as Session<M>;
}

/** Serves route tables: `export default mount(metadataRoutes(meta), { prefix: "/api/usermeta" })`. */
export function mount(routes: Routes | readonly Routes[], { prefix }: { readonly prefix: string }): NextApiHandler {
  const [tables, base] = [[routes].flat(), prefix.replace(/\/$/, "")];
  return async (req, res) => {
    const { url = "" } = req;
    const request = url.startsWith(`${base}/`) && toRequest(req, res, url.slice(base.length));
    for (const table of tables) {
      const answer = request && table.handle(request);
      if (answer) return send(req, res, await answer);
    }
    res.status(404).end();
  };
}
