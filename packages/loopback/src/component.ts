import { Binding, BindingKey, type Component, type Constructor, extensionFor } from "@loopback/core";
import { asMiddleware, type Middleware, RestMiddlewareGroups, RestTags } from "@loopback/rest";
import type { Routes } from "@usermeta/core";
import { send, toRequest } from "@usermeta/exchange/node";

/**
 * A component that serves route tables below `prefix`, which itself is below the server's base path.
 *
 * ```ts
 * app.component(mount([metadataRoutes(meta), adminRoutes(meta, { authorize })], { prefix: "/usermeta" }));
 * ```
 */
export function mount(
  routes: Routes | readonly Routes[],
  { prefix = "" }: { readonly prefix?: string } = {},
): Constructor<Component> {
  const [tables, base] = [[routes].flat(), prefix.replace(/\/$/, "")];
  const serve: Middleware = async ({ request: req, response: res }, next) => {
    const url = req.originalUrl.slice(req.baseUrl.length); // `req.url` has lost the first of two slashes
    if (!url.startsWith(`${base}/`)) return next();
    const request = toRequest(req, res, url.slice(base.length));
    for (const table of tables) {
      const answer = table.handle(request);
      if (answer) return send(req, res, await answer).then(() => res); // tells LoopBack that it is sent
    }
    return next();
  };
  return class UserMetaComponent implements Component {
    readonly bindings: Binding[] = [Binding.bind(BindingKey.generate("middleware")).to(serve).apply(inFront)];
  };
}

/** Behind what turns errors into answers, but ahead of LoopBack's CORS: it answers preflights, for any origin at that. */
function inFront(binding: Binding): void {
  const chain = RestTags.REST_MIDDLEWARE_CHAIN;
  const [upstreamGroups, downstreamGroups] = [RestMiddlewareGroups.SEND_RESPONSE, RestMiddlewareGroups.CORS];
  binding
    .apply(asMiddleware({ chain, group: "usermeta", upstreamGroups, downstreamGroups }))
    .apply(extensionFor(RestTags.ACTION_MIDDLEWARE_CHAIN)); // for applications with a sequence of actions
}
