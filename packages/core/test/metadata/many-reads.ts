// Prints how many bytes a read of a whole route leaves to the old generation, although nobody keeps anything of it.
import { setImmediate } from "node:timers/promises";
import { getHeapSpaceStatistics } from "node:v8";
import { createUserMeta, jwtVerifier, memoryStore, metadataRoutes } from "@usermeta/core";
import { audience, issuer, keySet, mint, now } from "../session/tokens.ts";

const meta = createUserMeta({
  store: memoryStore(),
  verifier: jwtVerifier({ issuer, audience, jwks: keySet, clock: () => now * 1000 }),
});
const routes = metadataRoutes(meta);
const users = Array.from({ length: 100 }, (_, i) => `user_${i}`);
const tokens = users.map((sub) => mint({ claims: { sub } }));
await Promise.all(users.map((id) => meta.update(id, { unsafe: { text: "x".repeat(500) } })));

/** Like a server: some requests at a time, each turn of the event loop. */
async function read(count: number): Promise<void> {
  for (let i = 0; i < count; i += 20) {
    const some = tokens.slice(i % 100, (i % 100) + 20).map(async (token) =>
      routes.handle({
        method: "GET",
        url: "/me/metadata",
        headers: { authorization: `Bearer ${token}`, "x-n": `${i}` },
      }),
    );
    const answers = await Promise.all(some);
    if (answers.some((answer) => answer?.status !== 200)) throw new Error("a read failed");
    await setImmediate();
  }
}

const oldBytes = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name: name }) => name === "old_space" || name === "large_object_space")
    .reduce((sum, { space_used_size: size }) => sum + size, 0);

const collect = globalThis.gc;
if (collect === undefined) throw new Error("run it with --expose-gc");
const count = 100_000;
await read(count);
collect(); // makes everything old that is alive between two reads
const before = oldBytes();
await read(count);
process.stdout.write(JSON.stringify({ bytes: (oldBytes() - before) / count }));
