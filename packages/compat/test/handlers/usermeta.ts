// What an application has in place of its imports from supertokens-node and @clerk/nextjs.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { CanActivate, ExecutionContext } from "@nestjs/common";
import { clerkClient, superTokensRecipe } from "@usermeta/compat";
import { createUserMeta, jwtVerifier, memoryStore, type Session } from "@usermeta/core";
import * as express from "@usermeta/express";
import * as fastify from "@usermeta/fastify";
import * as hapi from "@usermeta/hapi";
import * as koa from "@usermeta/koa";
import * as lambda from "@usermeta/lambda";
import * as loopback from "@usermeta/loopback";
import { testVerifier } from "@usermeta/testkit";
import type { NextRequest as WebRequest } from "next/server.js";

export const meta = createUserMeta({ store: memoryStore(), verifier: jwtVerifier(await testVerifier()) });

export const UserMetadata = superTokensRecipe(meta);
export const ollioClient = clerkClient(meta);

export const onExpress = () => express.verifySession(meta);
export const onFastify = () => fastify.verifySession(meta);
export const onHapi = () => hapi.verifySession(meta);
export const onKoa = () => koa.verifySession(meta);
export const onLoopback = () => loopback.verifySession(meta);
export const onLambda = <R>(handler: (event: lambda.SessionEvent) => Promise<R>) => lambda.verifySession(meta, handler);

type Guard = (req: never, res: never, next: (error?: unknown) => void) => unknown;
const passed = (run: (next: (error?: unknown) => void) => unknown): Promise<void> =>
  new Promise((resolve, reject) => run((error) => (error === undefined ? resolve() : reject(error as Error))));

/** As `supertokens-node/nextjs`: waits until the middleware lets the request through. */
export const superTokensNextWrapper = (
  middleware: (next: (error?: unknown) => void) => Promise<unknown>,
  _req: IncomingMessage,
  _res: ServerResponse,
): Promise<void> => passed(middleware);

/** As SuperTokens' guide for NestJS has it. */
export class AuthGuard implements CanActivate {
  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    await passed((next) => (onExpress() as Guard)(http.getRequest<never>(), http.getResponse<never>(), next));
    return true;
  }
}

export type SessionContainer = Session;

/** With TypeScript's DOM library, as Next.js has it, the body of a request is anything. */
export type NextRequest = Omit<WebRequest, "json"> & { json(): Promise<any> };
