import type { Documents, Guard, Routes, Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { toResponse } from "@usermeta/exchange/web";
import { notFound, toRequest } from "./request.ts";

type Meta = Pick<UserMeta<Documents>, "guard">;
/** A fetch handler. `Rest` is what the platform passes beside the request, e.g. `[env: Env, ctx: ExecutionContext]`. */
export type FetchHandler<Rest extends unknown[]> = (request: Request, ...rest: Rest) => Response | Promise<Response>;
/** The same behind `verifySession`: the session comes second, then whatever the platform passes. */
export type SessionHandler<S extends Session | undefined, Rest extends unknown[]> = (
  request: Request,
  context: { readonly session: S },
  ...rest: Rest
) => Response | Promise<Response>;

/**
 * Wraps a handler, so that it runs once the session is verified; other requests are answered here.
 *
 * ```ts
 * const whoami = verifySession(meta, (request, { session }) => Response.json({ userId: session.userId }));
 * ```
 */
export function verifySession<Rest extends unknown[]>(
  meta: Meta,
  handler: SessionHandler<Session, Rest>,
  options?: VerifySessionOptions & { readonly sessionRequired?: true },
): (request: Request, ...rest: Rest) => Promise<Response>;
export function verifySession<Rest extends unknown[]>(
  meta: Meta,
  handler: SessionHandler<Session | undefined, Rest>,
  options: VerifySessionOptions,
): (request: Request, ...rest: Rest) => Promise<Response>;
export function verifySession(meta: Meta, handler: SessionHandler<never, unknown[]>, options?: VerifySessionOptions) {
  return async (request: Request, ...rest: unknown[]): Promise<Response> => {
    const { session, response } = await meta.guard(request, options);
    return response ? toResponse(request, response) : handler(request, { session: session as never }, ...rest);
  };
}

/** The session that a guard found for this request, for code that got the request alone. Throws `no_guard`. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, request: Request): Session<M> {
  return meta.sessionOf(request) as Session<M>;
}

/** Serves route tables below `prefix`, all else by `fallback`: `fetch: mount(metadataRoutes(meta), { prefix: "/usermeta" })`. */
export function mount<Rest extends unknown[]>(
  routes: Routes | readonly Routes[],
  { prefix = "", fallback = notFound }: { readonly prefix?: string; readonly fallback?: FetchHandler<Rest> } = {},
): (request: Request, ...rest: Rest) => Promise<Response> {
  const [tables, base] = [[routes].flat(), prefix.replace(/\/$/, "")];
  return async (request, ...rest) => {
    const asked = toRequest(request, base);
    for (const table of tables) {
      const answer = asked && table.handle(asked);
      if (answer) return toResponse(asked, await answer);
    }
    return fallback(request, ...rest);
  };
}
