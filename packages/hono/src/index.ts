import type { Documents, Guard, Routes, Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { attach, isAttached, proceed } from "@usermeta/exchange/session";
import { toResponse } from "@usermeta/exchange/web";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { toRequest } from "./request.ts";

type Meta = Pick<UserMeta<Documents>, "guard">;
/** The environment of handlers behind `verifySession`: `c.get("session")` is an `S`. */
export interface SessionEnv<S extends Session | undefined = Session> {
  Variables: { session: S };
}

/**
 * Lets a request through once its session is verified, and answers for itself otherwise.
 *
 * ```ts
 * app.get("/me", verifySession(meta), (c) => c.json({ userId: c.get("session").userId }));
 * ```
 */
export function verifySession(
  meta: Meta,
  options?: VerifySessionOptions & { readonly sessionRequired?: true },
): MiddlewareHandler<SessionEnv>;
export function verifySession(
  meta: Meta,
  options?: VerifySessionOptions,
): MiddlewareHandler<SessionEnv<Session | undefined>>;
export function verifySession(meta: Meta, options?: VerifySessionOptions): MiddlewareHandler {
  return (c, next) =>
    proceed(meta.guard(c.req.raw, options), ({ session, response }): ReturnType<MiddlewareHandler> => {
      if (response) return Promise.resolve(toResponse(c.req, response));
      const found: unknown = c.get("session"); // another library's stays
      if (session && (found === undefined || isAttached(found))) c.set("session", attach(session));
      return next();
    });
}

/** The session that a guard found for this request, also where `c.get("session")` is another library's. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, c: Context): Session<M> {
  return meta.sessionOf(c.req.raw) as Session<M>;
}

/** Serves route tables: `app.route("/usermeta", mount([metadataRoutes(meta), adminRoutes(meta, { authorize })]))`. */
export function mount(routes: Routes | readonly Routes[]): Hono {
  const tables = [routes].flat();
  return new Hono().all("*", async (c, next) => {
    const request = await toRequest(c);
    for (const table of tables) {
      const answer = table.handle(request);
      if (answer) return toResponse(request, await answer);
    }
    return next();
  });
}
