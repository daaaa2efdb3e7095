// What an application does, in any runtime with a file system: `<runtime> runtime.ts <file>`.

import process from "node:process";
import { jwtVerifier } from "@usermeta/core";
import { fixedKeys, memoryKeys, type SigningKeys, sessionIssuer } from "@usermeta/issuer";
import { fileKeys } from "@usermeta/issuer/file";
import { exportJWK, generateKeyPair } from "jose";
import { audience, issuer, passphrase, refusal, userOf } from "./samples.ts";

const [path = ""] = process.argv.slice(2);
let now = Date.now();
const clock = (): number => now;

/** Over two rotations: who signed, whether it verifies, how many keys were published. */
async function live(keys: SigningKeys): Promise<unknown> {
  const claims = { plan: "{{user.public_metadata.plan || 'free'}}", name: "{{user.unsafe_metadata.name}} " };
  const from = sessionIssuer({ keys, issuer, audience, claims, clock });
  const told: unknown[] = [];
  now = Date.now();
  for (const seconds of [0, 950, 100, 900, 100]) {
    now += seconds * 1000;
    const { token } = await from.issue({ user: userOf({ unsafe: { name: "Žofie 😀" } }) });
    const set = await from.keySet();
    const { claims } = await jwtVerifier({ issuer, audience, keys: set.keys, clock })(token);
    told.push([claims["sub"], claims["plan"], claims["name"], set.keys.length]);
  }
  return told;
}

const rotation = { rotateEvery: 1000, publishAhead: 100 };
const results: Record<string, unknown> = {};
for (const algorithm of ["RS256", "ES256", "EdDSA"] as const) {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  results[`memory ${algorithm}`] = await live(memoryKeys({ algorithm, ...rotation }));
  results[`fixed ${algorithm}`] = await live(await fixedKeys([await exportJWK(privateKey)]));
  results[`file ${algorithm}`] = await live(
    await fileKeys(`${path}.${algorithm}`, { passphrase, algorithm, ...rotation }),
  );
}
results["wrong passphrase"] = await refusal(() => fileKeys(`${path}.ES256`, { passphrase: "x".repeat(32) }));
process.stdout.write(JSON.stringify(results));
process.exit();
