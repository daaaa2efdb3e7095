import type { Session } from "@usermeta/core";
import type { NextFunction, Request, RequestHandler, Response } from "express";
import type { RouteParameters } from "express-serve-static-core";

declare const promise: unique symbol;

/** Middleware that lets requests through only with a session of type `S`: what `verifySession` returns. */
export interface SessionGuard<S extends Session | undefined = Session> extends RequestHandler {
  /** Exists in types only: it carries what the guard promises to the handlers after it. */
  readonly [promise]: S;
}

/**
 * A request behind `verifySession`. Where another library, like express-session, declares `req.session`, it is that
 * library's: use `getSession(meta, req)` there.
 */
export type SessionRequest<S extends Session | undefined = Session, P = Request["params"]> = Request extends {
  session: object;
}
  ? Request<P>
  : Request<P> & { readonly session: S };

/** A handler behind `verifySession`. */
export type SessionHandler<S extends Session | undefined = Session, P = Request["params"]> = (
  req: SessionRequest<S, P>,
  res: Response,
  next: NextFunction,
) => unknown;

// Routes learn what a guard in front promises; nothing is merged into Express's request, where others declare a session.
declare module "express-serve-static-core" {
  // oxlint-disable-next-line no-unused-vars -- merging needs the same parameters
  interface IRouterMatcher<T, Method> {
    <S extends Session | undefined, Route extends string | RegExp, P = RouteParameters<Route>>(
      path: Route,
      guard: SessionGuard<S>,
      ...handlers: SessionHandler<S, P>[]
    ): T;
    <S extends Session | undefined, Route extends string | RegExp, P = RouteParameters<Route>>(
      path: Route,
      before: RequestHandler,
      guard: SessionGuard<S>,
      ...handlers: SessionHandler<S, P>[]
    ): T;
  }
  interface IRouterHandler<T, Route> {
    <S extends Session | undefined, P = RouteParameters<Route & string>>(
      guard: SessionGuard<S>,
      ...handlers: SessionHandler<S, P>[]
    ): T;
    <S extends Session | undefined, P = RouteParameters<Route & string>>(
      before: RequestHandler,
      guard: SessionGuard<S>,
      ...handlers: SessionHandler<S, P>[]
    ): T;
  }
}
