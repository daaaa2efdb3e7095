import type { IncomingMessage, RequestListener, Server, ServerResponse } from "node:http";
import type { HttpServer } from "@nestjs/common";
import type { Middleware } from "./exchange.ts";

/** Puts middleware where it gets requests as they came, which takes other steps on Express than on Fastify. */
export function install(adapter: HttpServer, middleware: Middleware): void {
  if (adapter.getType() === "fastify") {
    addHook(adapter.getInstance(), middleware);
    passRouter(adapter.getHttpServer(), middleware);
  } else {
    adapter.use(middleware);
    passParsers(adapter.getInstance());
  }
}

/** Not by `use`: Fastify's machinery for middleware costs every request of the application as much as half a route. */
function addHook(fastify: Fastify, middleware: Middleware): void {
  fastify.addHook("onRequest", ({ raw: req }, { raw: res }, done) => middleware(req, res, done));
}
interface Fastify {
  addHook(
    name: "onRequest",
    hook: (request: Raw<IncomingMessage>, reply: Raw<ServerResponse>, done: Done) => void,
  ): void;
}
type Raw<T> = { readonly raw: T };
type Done = (error?: unknown) => void;

/** Nest parses bodies ahead of every module's middleware: takes the last one, ours, ahead of the parsers. */
function passParsers({ router }: { readonly router?: { readonly stack?: { readonly name: string }[] } }): void {
  const stack = router?.stack ?? [];
  const parser = stack.findIndex(({ name }) => /^(json|raw|text|urlencoded)Parser$/.test(name));
  if (parser !== -1) stack.splice(parser, 0, ...stack.splice(-1));
}

/** Fastify's router refuses paths that do not decode ahead of every hook: nothing is skipped by asking ours first. */
function passRouter(server: Server, middleware: Middleware): void {
  for (const listener of server.listeners("request") as RequestListener[]) {
    server.off("request", listener);
    server.on("request", (req, res) => {
      if (decodes(req.url ?? "")) listener(req, res);
      else middleware(req, res, () => listener(req, res));
    });
  }
}

function decodes(url: string): boolean {
  try {
    decodeURI(url.split("?", 1).join());
    return true;
  } catch {
    return false;
  }
}
