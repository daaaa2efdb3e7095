import { Command } from "commander";
import { type StoreFlags, storeOptions } from "../settings.ts";

interface ServeFlags extends StoreFlags {
  readonly port: string;
  readonly host: string;
}

/** `usermeta serve`: the standalone server. */
export function serveCommand(): Command {
  return storeOptions(new Command("serve"))
    .description("serve metadata over HTTP, for applications in any language")
    .option("-p, --port <number>", "port to listen on", "4800")
    .option("-H, --host <address>", "address to listen on", "127.0.0.1")
    .action(async (flags: ServeFlags) => {
      const { serve } = await import("../serve/serve.ts");
      await serve(flags);
    });
}
