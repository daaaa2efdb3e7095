import { METHODS } from "node:http";
import type { Documents, Guard, Routes, Session, SessionRequest, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { toRequest } from "@usermeta/exchange/node";
import { attachSession } from "@usermeta/exchange/session";
import type { FastifyPluginAsync, onRequestHookHandler } from "fastify";
import { type Reply, send, settle } from "./exchange.ts";

type Request = { readonly raw: SessionRequest };
/** A hook for any Fastify instance, whatever its server, logger and type provider. */
export type SessionHook = (request: Request, reply: Reply, done?: () => void) => Promise<unknown> | undefined;

/**
 * A hook for a route, `onRequest` or `preHandler`: lets a request through once its session is verified, and answers for
 * itself otherwise.
 *
 * ```ts
 * app.get("/me", { preHandler: verifySession(meta) }, async (request) => ({ userId: getSession(meta, request).userId }));
 * ```
 */
export function verifySession(meta: Pick<UserMeta<Documents>, "guard">, options?: VerifySessionOptions): SessionHook {
  return (request, reply, done) => {
    const verdict = meta.guard(request.raw, options);
    // A known session goes on at once, because a promise costs as much as the guard. Without `done` somebody awaits the hook.
    if ("then" in verdict || verdict.response || done === undefined) return settle(request, reply, verdict);
    attachSession(request, verdict.session);
    done();
    return undefined;
  };
}

/** The session that a guard found for this request, also where `request.session` is another plugin's. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, { raw }: Request): Session<M> {
  return meta.sessionOf(raw) as Session<M>;
}

/** A plugin that serves route tables: `app.register(mount([metadataRoutes(meta)]), { prefix: "/usermeta" })`. */
export function mount(routes: Routes | readonly Routes[]): FastifyPluginAsync {
  const tables = [routes].flat();
  return async (app) => {
    const depth = app.prefix.replace(/\/$/, "").split("/").length - 1;
    const base = new RegExp(`^(/[^/?]*){${depth}}`); // segments, because a prefix can have parameters
    const answer: onRequestHookHandler = ({ raw }, reply, done) => {
      const request = toRequest(raw, reply.raw, (raw.url ?? "").replace(base, ""));
      for (const table of tables) {
        const answered = table.handle(request);
        // Without a value: a reply is thenable itself, and resolves only when all of it is sent.
        if (answered) return void answered.then((response) => void send(reply, response)).catch(done);
      }
      reply.callNotFound();
    };
    for (const method of METHODS) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method);
    // Answered by a hook, because after it Fastify has an opinion on media types; the handler is never reached.
    app.route({ method: METHODS, url: "/*", onRequest: answer, handler: () => undefined });
  };
}
