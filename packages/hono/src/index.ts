import type { Documents, Guard, Routes, Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { toResponse } from "@usermeta/exchange/web";
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { toRequest } from "./request.ts";

type Meta = Pick<UserMeta<Documents>, "guard">;
/** The environment of handlers behind `verifySession`: `c.get("session")` is an `S`. */
export interface SessionEnv<S extends Session | undefined = Session> {
  Variables: { session: S };
}

/** Contexts whose `session` a guard of ours has set: the next guard sets it anew, while another library's stays. */
const ours = new WeakSet<Context>();

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
  return async (c, next) => {
    const { session, response } = await meta.guard(c.req.raw, options);
    if (response) return toResponse(c.req.method, response);
    if (session && (ours.has(c) || c.get("session") === undefined)) {
      ours.add(c);
      c.set("session", session);
    }
    return next();
  };
}

/** The session that a guard found for this request, also where `c.get("session")` is another library's. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, c: Context): Session<M> {
  return meta.sessionOf(c.req.raw) as Session<M>;
}

/** Serves route tables: `app.route("/usermeta", mount([metadataRoutes(meta), adminRoutes(meta, { authorize })]))`. */
export function mount(routes: Routes | readonly Routes[]): Hono {
  const tables = [routes].flat();
  return new Hono().all("*", async (c, next) => {
    const left = new AbortController();
    const request = await toRequest(c, left);
    for (const table of tables) {
      const answer = table.handle(request);
      if (answer) return toResponse(c.req.method, await answer, left);
    }
    return next();
  });
}
