import type { Change } from "@usermeta/core";
import type { Command } from "commander";
import { type OutputFlags, storeCommand, type WriteFlags, withMeta, write, writeCommand } from "./command.ts";
import { toCount } from "./list.ts";

interface HistoryFlags extends OutputFlags {
  readonly limit: number;
}

/** `usermeta history`: the change log, newest first. */
export function historyCommand(): Command {
  return storeCommand("history", "print a user's change log, newest first")
    .argument("<user>", "the user's id")
    .option("-l, --limit <number>", "how many changes at most", toCount, 20)
    .action(async (userId: string, { limit, ...flags }: HistoryFlags) => {
      await withMeta(flags, async (meta) => {
        let count = 0;
        for await (const change of meta.history(userId)) {
          if (count++ === limit) break;
          process.stdout.write(`${flags.json ? JSON.stringify(change) : describe(change)}\n`);
        }
      });
    });
}

/** `usermeta revert`: undoes one change. */
export function revertCommand(): Command {
  return writeCommand("revert", "undo one change, unless a later one wrote the same place")
    .argument("<change>", "the change's id, as history prints it")
    .action(async (userId: string, change: string, flags: WriteFlags) => {
      await write(userId, flags, (meta, options) => meta.revert(userId, change, options));
    });
}

/** Places, never values: a screen is seen by others. */
function describe({ id, version, at, kind, actor, reason, changes }: Change): string {
  const places = changes.map(({ path }) => path).join(" ");
  return [`${version}`.padStart(4), at, kind.padEnd(7), actor, places, reason && `(${reason})`, id]
    .filter((part) => part !== undefined && part !== "")
    .join("  ");
}
