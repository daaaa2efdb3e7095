import { invalidConfig } from "@usermeta/core";
import { Command } from "commander";
import type { ServeFlags } from "../serve/serve.ts";
import { list, storeOptions } from "../settings.ts";

/** `usermeta serve`: the standalone server. Keys come from the environment, never from an argument. */
export function serveCommand(): Command {
  return storeOptions(new Command("serve"))
    .description("serve metadata over HTTP, for applications in any language")
    .option("-p, --port <number>", "port to listen on; 0 is any free one", toPort, 4800)
    .option("-H, --host <address>", "address to listen on; others than loopback need keys", "127.0.0.1")
    .option("--compat <vendors>", "serve the APIs of supertokens, clerk, hanko as well", list)
    .option("--issuer <iss>", "issuer of the users' session tokens: serves the users' own routes")
    .option("--audience <aud>", "audience of the tokens", list)
    .option("--no-audience", "take tokens made for any audience")
    .option("--jwks-url <url>", "where the issuer publishes its keys")
    .option("--algorithms <names>", "signature algorithms (default: RS256,ES256,EdDSA)", list)
    .option("--cookie <name>", "take the session from this cookie as well")
    .option("--origins <origins>", "origins that may call from a browser", list)
    .option("--tls-cert <file>", "certificate chain, PEM; read again on SIGHUP")
    .option("--tls-key <file>", "its private key, PEM")
    .option("--dev-apps", "for vendors' test suites: SuperTokens applications can be created, each a namespace")
    .option("-q, --quiet", "of the requests, log only those that fail")
    .addHelpText("after", environment)
    .action(async (flags: ServeFlags) => {
      const { serve } = await import("../serve/serve.ts");
      await serve(flags);
    });
}

const environment = `
Environment, each also as <NAME>_FILE:
  USERMETA_ADMIN_KEY   opens the admin routes: 32 characters or more; several, separated by commas, to rotate
  SUPERTOKENS_API_KEY  CLERK_SECRET_KEY  HANKO_API_KEY   open the vendors' APIs
  USERMETA_STORE       the store's URL, when it holds a password

Beside the APIs: /openapi.json and /docs, /healthz, /readyz, /metrics.`;

function toPort(value: string): number {
  if (!/^\d{1,5}$/.test(value) || Number(value) > 65_535) throw invalidConfig("--port takes a number from 0 to 65535");
  return Number(value);
}
