import { join } from "node:path";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { createUserMeta, jwtVerifier, type MetadataStore, metadataRoutes, type Routes } from "@usermeta/core";
import { postgresStore } from "@usermeta/postgres";
import { sqliteStore } from "@usermeta/sqlite";
import type { Contender, Contenders, Setup } from "../http/setup.ts";
import { makeFolder, removeFolder } from "../stores/sqlite.ts";
import { documentsOf, userIdOf } from "../users.ts";

/** How a framework serves the routes, and the same without us. */
export interface Application {
  /** `GET` answers the object as JSON, `PATCH` the body that it parsed. */
  readonly bare: (path: string, object: object) => Promise<number>;
  readonly mounted: (routes: Routes) => Promise<number>;
}

/** Where the routes lie. */
export const path = "/me/metadata";

/** What a user sees of a record. */
function view({ recordBytes }: Setup): object {
  const { public: seen, unsafe } = documentsOf(0, recordBytes);
  return { userId: userIdOf(0), public: seen, unsafe, version: 1, updatedAt: new Date().toISOString() };
}

const served =
  (
    { mounted }: Application,
    open: (setup: Setup) => Promise<MetadataStore>,
    cache?: { readonly records: number; readonly seconds: number },
  ): Contender =>
  async (setup) => {
    const { issuer, audience, users, recordBytes } = setup;
    const verifier = jwtVerifier({ issuer, audience, jwks: `${issuer}jwks.json` });
    const limits = { characters: { unsafe: 200_000 }, bodyBytes: 1_000_000 };
    const meta = createUserMeta({ store: await open(setup), verifier, limits, ...(cache && { cache }) });
    for (let i = 0; i < users; i += 64) {
      const some = Array.from({ length: Math.min(64, users - i) }, (_, n) => i + n);
      await Promise.all(some.map((n) => meta.update(userIdOf(n), documentsOf(n, recordBytes), { merge: "replace" })));
    }
    return mounted(metadataRoutes(meta));
  };

async function sqlite(): Promise<MetadataStore> {
  const folder = makeFolder();
  process.once("exit", () => removeFolder(folder));
  return sqliteStore(join(folder, "usermeta.db")); // synchronous = FULL
}

/** Each contender has a database of its own. */
async function postgres({ database = "" }: Setup): Promise<MetadataStore> {
  const store = postgresStore(database, { prepare: true });
  await store.migrate();
  return store;
}

/** The same answer, known beforehand, to whoever asks, once the body is there: what HTTP and a binding cost. */
function known(setup: Setup): Routes {
  const body = JSON.stringify(view(setup));
  const headers = {
    "content-type": "application/json",
    "content-length": String(body.length),
    "cache-control": "no-store",
    vary: "authorization, cookie, origin",
    "x-content-type-options": "nosniff",
    etag: '"0123456789abcdef.1"',
  };
  return {
    table: [],
    handle: async (request) => {
      if (request.method === "PATCH") await buffer(request.body as Readable);
      return { status: 200, headers, body };
    },
  };
}

/** The bare route, the least that a guarded one can cost, and ours on each store. */
export const contendersOn = (application: Application): Contenders => ({
  bare: (setup) => application.bare(path, view(setup)),
  "bare answer, known beforehand": (setup) => application.mounted(known(setup)),
  "SQLite, FULL": served(application, sqlite),
  PostgreSQL: served(application, postgres),
  "SQLite with record cache": served(application, sqlite, { records: 20_000, seconds: 3600 }),
});
