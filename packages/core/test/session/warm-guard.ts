// Prints how many bytes a warm guard allocates. Run with a young generation so large that nothing is collected meanwhile.
import { createUserMeta, jwtVerifier, memoryStore } from "@usermeta/core";
import { audience, issuer, keySet, mint, now } from "./tokens.ts";

const meta = createUserMeta({
  store: memoryStore(),
  verifier: jwtVerifier({ issuer, audience, jwks: keySet, clock: () => now * 1000 }),
});
const calls = 100_000;
const authorizations = Array.from({ length: 100 }, (_, i) => `Bearer ${mint({ claims: { sub: `user_${i}` } })}`);
const requests = Array.from({ length: calls }, (_, i) => {
  const authorization = authorizations[i % 100] as string;
  return { method: "GET", headers: { authorization }, rawHeaders: ["Authorization", authorization] };
});
for (const request of requests.slice(0, 20_000)) await meta.guard({ ...request });
const before = process.memoryUsage().heapUsed;
let sessions = 0;
for (const request of requests) if ("session" in meta.guard(request)) sessions++;
const bytes = (process.memoryUsage().heapUsed - before) / calls;
process.stdout.write(JSON.stringify({ sessions, bytes }));
