import type { Command } from "commander";
import { type OutputFlags, print, storeCommand, withMeta } from "./command.ts";

/** `usermeta migrate`: the step of a deployment that brings the store up to date. */
export function migrateCommand(): Command {
  return storeCommand("migrate", "bring the store's schema and its --index paths up to date").action(
    async (flags: OutputFlags) => {
      await withMeta(flags, (meta) => meta.ping());
      if (flags.json) print({ migrated: true });
      else process.stdout.write("the store is up to date\n");
    },
  );
}
