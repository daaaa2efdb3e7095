import type { Serve } from "./config.ts";

/** Every binding there is; loaded only when it is asked for, so that one host carries one framework. */
export const bindings: Readonly<Record<string, () => Promise<Serve>>> = {
  express: async () => (await import("./express.ts")).onExpress5,
  express4: async () => (await import("./express.ts")).onExpress4,
  fastify: async () => (await import("./fastify.ts")).onFastify,
  koa: async () => (await import("./koa.ts")).onKoa,
  hapi: async () => (await import("./hapi.ts")).onHapi,
  fetch: async () => (await import("./fetch.ts")).onFetch,
  hono: async () => (await import("./hono.ts")).onHono,
  lambda: async () => (await import("./lambda.ts")).onLambda("2.0"),
  "lambda-v1": async () => (await import("./lambda.ts")).onLambda("1.0"),
  nestjs: async () => (await import("./nestjs.ts")).onExpress,
  "nestjs-fastify": async () => (await import("./nestjs.ts")).onFastify,
  nextjs: async () => (await import("./nextjs.ts")).onNextjs,
  "nextjs-pages": async () => (await import("./nextjs.ts")).onNextjsPages,
  loopback: async () => (await import("./loopback.ts")).onLoopback,
  serve: async () => (await import("./serve.ts")).onServe,
};
