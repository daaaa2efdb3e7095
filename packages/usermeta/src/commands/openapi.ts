import { adminRoutes, createUserMeta, memoryStore, metadataRoutes } from "@usermeta/core";
import { Command } from "commander";
import { openApiDocument } from "../openapi/document.ts";

/** `usermeta openapi`: the OpenAPI document of the native API, for generators of clients. */
export function openapiCommand(): Command {
  return new Command("openapi")
    .description("print the OpenAPI 3.1 document of the native API")
    .option("--prefix <path>", "where the routes are mounted, e.g. /usermeta", "")
    .action(({ prefix }: { readonly prefix: string }) => {
      // The tables name the routes; nothing is ever asked of these.
      const none = () => {
        throw new Error("no session is verified here");
      };
      const issuer = { issue: none, keySet: none };
      const meta = createUserMeta({ store: memoryStore(), verifier: none, issuer });
      const tables = [metadataRoutes(meta), adminRoutes(meta, { authorize: () => false })];
      process.stdout.write(`${JSON.stringify(openApiDocument(tables, { prefix }), null, 2)}\n`);
    });
}
