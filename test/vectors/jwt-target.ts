import { startHost } from "./host-process.ts";
import { type BuiltKeys, hostOptions } from "./jwt-profiles.ts";
import { startKeyServer } from "./key-server.ts";

export { profiles } from "./jwt-profiles.ts";

/** What `jwt-run.mjs` calls for every profile. USERMETA_BINDING says which binding is under test. */
export async function start(profile: string, keys: BuiltKeys): Promise<{ port: number; close(): Promise<void> }> {
  const binding = process.env["USERMETA_BINDING"] ?? "express";
  const issuer = await startKeyServer((response) => response.end(JSON.stringify(keys.JWKS)));
  const { port, close } = await startHost(binding, hostOptions(profile, keys, issuer.url));
  return { port, close: () => close().then(issuer.close) };
}
