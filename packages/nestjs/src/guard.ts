import {
  type CanActivate,
  createParamDecorator,
  type ExecutionContext,
  Inject,
  mixin,
  type Type,
} from "@nestjs/common";
import type { Session as CoreSession, Documents, Guard, UserMeta, VerifySessionOptions } from "@usermeta/core";
import { attachSession, proceed } from "@usermeta/exchange/session";
import { deny } from "./denial.ts";
import { type Request, type Response, toNode } from "./exchange.ts";

/** Where `UserMetaModule` provides the application's instance: `@Inject(USER_META) private readonly meta: UserMeta`. */
export const USER_META: unique symbol = Symbol("UserMeta");

/** Where a request keeps what the last guard found. A property, because an entry of a weak map costs as much as the guard. */
const found = Symbol("usermeta session");
type Guarded = { [found]?: CoreSession | undefined };

/**
 * A guard that lets a request through once its session is verified, and denies it otherwise: for a handler, a
 * controller, or with `{ provide: APP_GUARD, useClass: VerifySession() }` for all of them.
 *
 * ```ts
 * @Get("me")
 * @UseGuards(VerifySession())
 * me(@Session() session: Session) {
 *   return { userId: session.userId };
 * }
 * ```
 */
export function VerifySession(options?: VerifySessionOptions): Type<CanActivate> {
  class VerifySessionGuard implements CanActivate {
    readonly meta: Pick<UserMeta<Documents>, "guard" | "sessionOf">;
    constructor(meta: Pick<UserMeta<Documents>, "guard" | "sessionOf">) {
      this.meta = meta;
    }

    canActivate(context: ExecutionContext): boolean | Promise<boolean> {
      const [req, res] = toExchange(context);
      const request = toNode(req); // it has the header lines as they came, on Fastify too
      return proceed(this.meta.guard(request, options), ({ session, response }) => {
        if (response) throw deny(res, response);
        attachSession(req, session);
        (request as Guarded)[found] = this.meta.sessionOf(request); // of several guards' the one with metadata
        return true;
      });
    }
  }
  Inject(USER_META)(VerifySessionGuard, undefined, 0);
  return mixin(VerifySessionGuard);
}

/** The session that the guard found, as a parameter: `me(@Session() session: Session)`. */
export const Session: ReturnType<typeof createParamDecorator> = createParamDecorator(
  (_data: unknown, context: ExecutionContext) => {
    const request = toNode(toExchange(context)[0]) as Guarded;
    if (found in request) return request[found];
    throw failure("no_guard", "put VerifySession in front of the handler that asks for the session");
  },
);
/** What `@Session()` yields; `Session | undefined` behind `VerifySession({ sessionRequired: false })`. */
export type Session = CoreSession;

/** The session that a guard found for this request, for guards, interceptors and middleware. */
export function getSession<M>(meta: Pick<Guard<M>, "sessionOf">, req: object): CoreSession<M> {
  return meta.sessionOf(toNode(req)) as CoreSession<M>;
}

function toExchange(context: ExecutionContext): [Request, Response] {
  if (context.getType() === "http") return context.getArgs<[Request, Response]>();
  throw failure(
    "invalid_config",
    `VerifySession guards HTTP handlers, not ${context.getType()}: there, call meta.verifySession() in a guard of your own`,
  );
}

function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
