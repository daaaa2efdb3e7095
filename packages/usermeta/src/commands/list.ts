import { invalidConfig, type Where } from "@usermeta/core";
import { parseJson } from "@usermeta/core/routes";
import type { Command } from "commander";
import { type OutputFlags, storeCommand, withMeta } from "./command.ts";

interface ListFlags extends OutputFlags {
  readonly where?: Where;
  readonly limit: number;
}

/** `usermeta list`: users by their ids, all of them or those that a search finds. */
export function listCommand(): Command {
  return storeCommand("list", "print users by their ids, all of them or those that a search finds")
    .option("-w, --where <json>", `a search over --index paths, e.g. '{"public.plan":"pro"}'`, toWhere)
    .option("-l, --limit <number>", "how many users at most", toCount, 50)
    .action(async ({ where, limit, ...flags }: ListFlags) => {
      await withMeta(flags, async (meta) => {
        let count = 0;
        for await (const record of meta.list(where === undefined ? {} : { where })) {
          if (count++ === limit) break;
          const { userId, version, updatedAt } = record;
          process.stdout.write(`${flags.json ? JSON.stringify(record) : `${updatedAt}  ${version}  ${userId}`}\n`);
        }
      });
    });
}

/** Reads a search; what is wrong inside it, core says. */
export function toWhere(text: string): Where {
  return parseJson(text, true) as Where;
}

/** Reads a whole number above 0. Throws `invalid_config`. */
export function toCount(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw invalidConfig("--limit takes a whole number above 0");
  return Number(text);
}
