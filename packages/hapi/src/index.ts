import type { Lifecycle, Plugin, Request } from "@hapi/hapi";
import type { Documents, Guard, Routes, Session, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { attachSession, proceed } from "@usermeta/exchange/session";
import { deny, toRequest, write } from "./exchange.ts";

/** A request behind `verifySession`. Where another plugin declares `request.session`, that is its: use `getSession`. */
export type SessionRequest<S extends Session | undefined = Session> =
  Request extends Record<"session", unknown> ? Request : Request & { readonly session: S };

/**
 * A prerequisite for a route: lets a request through once its session is verified, and answers for itself otherwise.
 *
 * ```ts
 * server.route({
 *   method: "GET",
 *   path: "/me",
 *   options: { pre: [{ method: verifySession(meta) }] },
 *   handler: (request: SessionRequest) => ({ userId: request.session.userId }),
 * });
 * ```
 */
export function verifySession(
  meta: Pick<UserMeta<Documents>, "guard">,
  options?: VerifySessionOptions,
): Lifecycle.Method {
  return (request, h) =>
    proceed(meta.guard(request.raw.req, options), ({ session, response }) => {
      if (response) return deny(h, response);
      attachSession(request, session);
      return h.continue;
    });
}

/** The session that a guard found for this request, also where `request.session` is another plugin's. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, { raw }: Pick<Request, "raw">): Session<M> {
  return meta.sessionOf(raw.req) as Session<M>;
}

/** A plugin that serves route tables: `server.register(mount([metadataRoutes(meta)]), { routes: { prefix: "/usermeta" } })`. */
export function mount(routes: Routes | readonly Routes[]): Plugin<void> {
  return {
    name: "@usermeta/hapi",
    multiple: true,
    register(server) {
      const { prefix = "", vhost } = server.realm.modifiers.route as { prefix?: string; vhost?: string | string[] };
      // Before routing, because hapi decodes paths and refuses some, and prefers anybody's GET /{any*} to a method "*".
      server.ext("onRequest", async (request, h) => {
        const { url = "" } = request.raw.req;
        const isHosted = !vhost || [vhost].flat().includes(request.info.hostname);
        if (!isHosted || !url.startsWith(`${prefix}/`)) return h.continue;
        const asked = toRequest(request, url.slice(prefix.length));
        for (const table of [routes].flat()) {
          const answer = table.handle(asked);
          if (answer) return write(request, await answer).then(() => h.abandon);
        }
        return h.continue;
      });
    },
  };
}
