import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes, type UserMeta } from "@usermeta/core";
import { mount } from "@usermeta/fetch";
import { mintToken, testVerifier } from "@usermeta/testkit";

// The demo signs its own tokens, and so listens on this machine only.
async function createDemo(): Promise<UserMeta> {
  const meta = createUserMeta({
    store: memoryStore(),
    verifier: jwtVerifier(await testVerifier()),
    cookie: { name: "session" },
    origins: [process.env["ORIGIN"] ?? "http://127.0.0.1:3000"],
  });
  await meta.update("ada", { public: { plan: "pro" }, private: { credits: 12 }, unsafe: { theme: "light" } });
  return meta;
}

/** One per process: modules are loaded anew while you edit. */
const shared: { usermeta?: Promise<UserMeta> } = globalThis as object;
shared.usermeta ??= createDemo();
export const meta = shared.usermeta;

/** The ready-made routes as one fetch handler. */
export const routes = meta.then((meta) => mount(metadataRoutes(meta), { prefix: "/usermeta" }));

export const sessionCookie = async (): Promise<string> =>
  `session=${await mintToken({ sub: "ada" })}; Path=/; HttpOnly; SameSite=Lax`;
