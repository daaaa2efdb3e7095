import type { Interceptor } from "@loopback/core";
import { type RequestContext, RestBindings } from "@loopback/rest";
import type { Documents, Guard, Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { send } from "@usermeta/exchange/node";
import { attachSession } from "@usermeta/exchange/session";

export { mount } from "./component.ts";

/** The context of a request behind `verifySession`: `@inject(RestBindings.Http.CONTEXT) private ctx: SessionContext`. */
export interface SessionContext<S extends Session | undefined = Session> extends RequestContext {
  readonly session: S;
}

/**
 * Lets a call through once the session of its request is verified, and answers for itself otherwise.
 *
 * ```ts
 * @get("/me")
 * @intercept(verifySession(meta))
 * me() {
 *   return { userId: this.ctx.session.userId };
 * }
 * ```
 */
export function verifySession(meta: Pick<UserMeta<Documents>, "guard">, options?: VerifySessionOptions): Interceptor {
  return async (invocation, next) => {
    const ctx = await invocation.get<RequestContext>(RestBindings.Http.CONTEXT);
    const { session, response } = await meta.guard(ctx.request, options);
    if (response) return send(ctx.request, ctx.response, response).then(() => ctx.response); // tells that it is sent
    attachSession(ctx, session);
    return next();
  };
}

/** The session that a guard found for this request, also where `ctx.session` is another library's. */
export function getSession<M>(
  meta: Pick<Guard<M>, "sessionOf">,
  { request }: Pick<RequestContext, "request">,
): Session<M> {
  return meta.sessionOf(request) as Session<M>;
}
