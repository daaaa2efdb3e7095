// oxlint-disable promise/no-callback-in-promise -- Express 4 hears of errors by `next` only
import type { Documents, Guard, Routes, Session, UserMeta, Verdict, VerifySessionOptions } from "@usermeta/core";
import { send, toRequest } from "@usermeta/exchange/node";
import { attachSession } from "@usermeta/exchange/session";
import type { RequestHandler } from "express";
import type { SessionGuard } from "./handler.ts";

export type { SessionGuard, SessionHandler, SessionRequest } from "./handler.ts";

/**
 * Lets a request through once its session is verified, and answers for itself otherwise.
 *
 * ```ts
 * app.get("/me", verifySession(meta), (req: SessionRequest, res) => res.json({ userId: req.session.userId }));
 * ```
 */
export function verifySession(meta: Meta, options?: VerifySessionOptions & { sessionRequired?: true }): SessionGuard;
export function verifySession(meta: Meta, options?: VerifySessionOptions): SessionGuard<Session | undefined>;
export function verifySession(meta: Meta, options?: VerifySessionOptions): RequestHandler {
  return (req, res, next) => {
    const proceed = ({ session, response }: Verdict) => {
      if (response) return send(req, res, response);
      attachSession(req, session);
      next();
    };
    const verdict = meta.guard(req, options); // no promise where the session is known already
    // Not `instanceof`: an application may have another Promise, and what is no verdict must never pass.
    if ("then" in verdict) verdict.then(proceed).then(undefined, next);
    else proceed(verdict)?.catch(next);
  };
}
type Meta = Pick<UserMeta<Documents>, "guard">;

/** The session that a guard found for this request, also where `req.session` is another library's. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, req: object): Session<M> {
  return meta.sessionOf(req) as Session<M>;
}

/** Serves route tables: `app.use("/usermeta", mount([metadataRoutes(meta), adminRoutes(meta, { authorize })]))`. */
export function mount(routes: Routes | readonly Routes[]): RequestHandler {
  const tables = [routes].flat();
  return (req, res, next) => {
    const request = toRequest(req, res, req.url);
    for (const table of tables) {
      const answer = table.handle(request);
      if (answer) return void answer.then((response) => send(req, res, response)).catch(next);
    }
    next();
  };
}
