import type { IncomingMessage } from "node:http";
import type { Documents, Guard, Routes, Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { type ParsedBody, toRequest } from "@usermeta/exchange/node";
import { attachSession, proceed } from "@usermeta/exchange/session";
import type { DefaultState, ExtendableContext, Middleware, ParameterizedContext } from "koa";
import { send } from "./send.ts";

type Meta = Pick<UserMeta<Documents>, "guard">;
type WithSession<S> = ExtendableContext extends { session: unknown } ? unknown : { session: S };
/** A context behind `verifySession`. Where koa-session declares `ctx.session`, it is koa-session's: use `getSession`. */
export type SessionContext<S extends Session | undefined = Session> = ParameterizedContext<
  DefaultState,
  WithSession<S>
>;

/**
 * Lets a request through once its session is verified, and answers for itself otherwise.
 *
 * ```ts
 * router.get("/me", verifySession(meta), (ctx) => { ctx.body = { userId: ctx.session.userId }; });
 * ```
 */
export function verifySession(
  meta: Meta,
  options?: VerifySessionOptions & { readonly sessionRequired?: true },
): Middleware<DefaultState, WithSession<Session>>;
export function verifySession(
  meta: Meta,
  options?: VerifySessionOptions,
): Middleware<DefaultState, WithSession<Session | undefined>>;
export function verifySession(meta: Meta, options?: VerifySessionOptions): Middleware {
  return (ctx, next) =>
    proceed(meta.guard(ctx.req, options), ({ session, response }) => {
      if (response) return send(ctx, response);
      attachSession(ctx, session);
      return next();
    });
}

/** The session that a guard found for this request, also where `ctx.session` is another library's. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, { req }: { req: IncomingMessage }): Session<M> {
  return meta.sessionOf(req) as Session<M>;
}

/** Serves route tables below `prefix`: `app.use(mount([metadataRoutes(meta)], { prefix: "/usermeta" }))`. */
export function mount(
  routes: Routes | readonly Routes[],
  { prefix = "" }: { readonly prefix?: string } = {},
): Middleware {
  const [tables, base] = [[routes].flat(), prefix.replace(/\/$/, "")];
  return async (ctx, next) => {
    if (!ctx.url.startsWith(`${base}/`)) return next();
    const request = toRequest(ctx.req, ctx.res, ctx.url.slice(base.length), ctx.request as ParsedBody);
    for (const table of tables) {
      const answer = table.handle(request);
      if (answer) return send(ctx, await answer);
    }
    return next();
  };
}
