import { createInterface } from "node:readline/promises";
import { invalidConfig } from "@usermeta/core";
import type { Command } from "commander";
import { type OutputFlags, print, storeCommand, withMeta } from "./command.ts";

interface EraseFlags extends OutputFlags {
  readonly yes?: true;
}

/** `usermeta erase`: removes a record and its history for good. */
export function eraseCommand(): Command {
  return storeCommand("erase", "remove a user's record and its history for good")
    .argument("<user>", "the user's id")
    .option("-y, --yes", "do not ask")
    .action(async (userId: string, flags: EraseFlags) => {
      if (!flags.yes && !(await confirm(userId))) return;
      const { version } = await withMeta(flags, async (meta) => {
        const record = await meta.get(userId);
        await meta.erase(userId);
        return record;
      });
      if (flags.json) print({ userId, erased: version > 0 });
      else process.stdout.write(version > 0 ? `${userId} is erased\n` : `nothing was known about ${userId}\n`);
    });
}

async function confirm(userId: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw invalidConfig("erase asks on a terminal only: pass --yes");
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test(await terminal.question(`Erase everything about ${userId}, for good? [y/N] `));
  } finally {
    terminal.close();
  }
}
