import {
  adminKey,
  adminRoutes,
  createUserMeta,
  jwtVerifier,
  metadataRoutes,
  type Routes,
  type UserMeta,
} from "@usermeta/core";
import { openStore } from "usermeta";

/** What the whole application shares. */
export interface Application {
  readonly meta: UserMeta;
  readonly routes: readonly Routes[];
}

async function createApplication(): Promise<Application> {
  const {
    STORE = "sqlite:usermeta.db",
    ISSUER = "https://id.example",
    AUDIENCE = "https://api.example",
    JWKS,
    ORIGIN,
    ADMIN_KEY,
  } = process.env;
  const jwks = JWKS ? JSON.parse(JWKS) : `${ISSUER}/jwks.json`;
  const meta = createUserMeta({
    store: await openStore(STORE),
    verifier: jwtVerifier({ issuer: ISSUER, audience: AUDIENCE, jwks }),
    cookie: { name: "session" },
    origins: ORIGIN ? [ORIGIN] : [], // server actions are writes, and come from this application's own origin
  });
  const admin = ADMIN_KEY ? [adminRoutes(meta, { authorize: adminKey({ ops: ADMIN_KEY }) })] : [];
  return { meta, routes: [metadataRoutes(meta), ...admin] };
}

/** One per process, because Next bundles pages, route handlers and API routes apart, and loads them anew while you edit. */
const shared: { usermeta?: Application | Promise<Application> } = globalThis as object;
shared.usermeta ??= createApplication();
export const { meta, routes } = await shared.usermeta;
