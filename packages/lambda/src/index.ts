import type { Documents, Guard, Routes, Session, SessionRequest, UserMeta, VerifySessionOptions } from "@usermeta/core";
import type { HttpEvent, HttpResult, SessionHandler } from "./event.ts";
import { notFound, toHttpRequest, toRequest, toResult } from "./exchange.ts";

export type { HttpEvent, HttpResult, SessionEvent, SessionHandler } from "./event.ts";

type Meta = Pick<UserMeta<Documents>, "guard">;

/** Where an event keeps what core saw of it: the object that the session is remembered for. */
const seen = Symbol("usermeta request");

/**
 * Wraps a handler, so that it runs once the session is verified; other requests are answered here.
 *
 * ```ts
 * export const handler = verifySession(meta, async ({ session }) => ({ statusCode: 200, body: session.userId }));
 * ```
 */
export function verifySession<E extends HttpEvent, Rest extends unknown[], R>(
  meta: Meta,
  handler: SessionHandler<E, Session, Rest, R>,
  options?: VerifySessionOptions & { readonly sessionRequired?: true },
): (event: E, ...rest: Rest) => Promise<R | HttpResult>;
export function verifySession<E extends HttpEvent, Rest extends unknown[], R>(
  meta: Meta,
  handler: SessionHandler<E, Session | undefined, Rest, R>,
  options: VerifySessionOptions,
): (event: E, ...rest: Rest) => Promise<R | HttpResult>;
export function verifySession(meta: Meta, handler: SessionHandler, options?: VerifySessionOptions) {
  return async (event: HttpEvent, ...rest: unknown[]): Promise<unknown> => {
    const request = toRequest(event);
    const verdict = meta.guard(request, options);
    const { session, response } = "then" in verdict ? await verdict : verdict;
    if (response) return toResult(event, response);
    // Whatever its sender put there.
    return handler(Object.assign(event, { session: session as Session, [seen]: request }), ...rest);
  };
}

/** The session that a guard found for this event, for code that got the event alone. Throws `no_guard`. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, event: object): Session<M> {
  return meta.sessionOf((event as { [seen]?: SessionRequest })[seen] ?? event) as Session<M>;
}

/** A handler that serves route tables: `export const handler = mount(metadataRoutes(meta), { prefix: "/usermeta" });` */
export function mount(
  routes: Routes | readonly Routes[],
  { prefix = "" }: { readonly prefix?: string } = {},
): (event: HttpEvent) => Promise<HttpResult> {
  const [tables, base] = [[routes].flat(), prefix.replace(/\/$/, "")];
  return async (event) => {
    const request = toHttpRequest(event, base);
    for (const table of tables) {
      const answer = request && table.handle(request);
      if (answer) return toResult(event, await answer);
    }
    return toResult(event, notFound);
  };
}
