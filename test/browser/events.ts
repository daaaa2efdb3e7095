import { EventEmitter, once } from "node:events";
import {
  errorResponse,
  type HttpRequest,
  type MetadataStore,
  metadataRoutes,
  type Routes,
  type UserMeta,
} from "@usermeta/core";

/** A store that tells of its writes and erasures, by user id. */
export function tellingStore(store: MetadataStore): { readonly store: MetadataStore; readonly changes: EventEmitter } {
  const changes = new EventEmitter().setMaxListeners(0);
  return {
    changes,
    store: {
      ...store,
      write: async (puts) => {
        const results = await store.write(puts);
        for (const { next } of puts) changes.emit(next.userId);
        return results;
      },
      erase: async (userId) => {
        await store.erase(userId);
        changes.emit(userId);
      },
    },
  };
}

/** `GET /me/metadata/events`: the own view whenever it changes, with its ETag as the event's id, until the session ends. */
export function eventRoutes(meta: UserMeta, changes: EventEmitter, heartbeat = 15_000): Routes {
  const own = metadataRoutes(meta);

  async function* events(request: HttpRequest, userId: string, until: number): AsyncGenerator<string, void, undefined> {
    let last = (request.headers as Record<string, string | undefined>)["last-event-id"];
    yield ":\n\n";
    while (Date.now() < until && !request.signal?.aborted) {
      const timeout = AbortSignal.timeout(Math.min(heartbeat, until - Date.now()));
      const signal = AbortSignal.any([timeout, ...(request.signal ? [request.signal] : [])]);
      const changed = once(changes, userId, { signal }).catch(() => undefined);
      const { headers, body } =
        (await own.handle({ method: "GET", url: "/me/metadata", headers: request.headers })) ?? {};
      if (headers?.["etag"] === undefined) return;
      if (headers["etag"] === last) yield ":\n\n";
      else yield `id: ${headers["etag"]}\nevent: metadata\ndata: ${body as string}\n\n`;
      last = headers["etag"];
      await changed;
    }
  }

  async function open(request: HttpRequest) {
    const session = await meta.verifySession(request);
    const until = Date.parse(session.expiresAt);
    const headers = { "content-type": "text/event-stream", "cache-control": "no-store" };
    return { status: 200, headers, body: events(request, session.userId, until) };
  }

  return {
    table: [{ method: "GET", path: "/me/metadata/events" }],
    handle: (request) =>
      request.url === "/me/metadata/events" && request.method === "GET"
        ? open(request).catch(errorResponse)
        : undefined,
  };
}
