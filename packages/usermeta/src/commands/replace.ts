import type { Command } from "commander";
import { readJson, toScope, type WriteFlags, write, writeCommand } from "./command.ts";

/** `usermeta replace`: a scope becomes a document. */
export function replaceCommand(): Command {
  return writeCommand("replace", "make a scope of a user's record what is given")
    .argument("<scope>", "public, private or unsafe")
    .argument("<document>", "a JSON object, or - for standard input")
    .action(async (userId: string, scope: string, document: string, flags: WriteFlags) => {
      const changes = { [toScope(scope)]: await readJson(document) };
      await write(userId, flags, (meta, options) => meta.update(userId, changes, { ...options, merge: "replace" }));
    });
}

/** `usermeta clear`: empties scopes; the record and its history stay. */
export function clearCommand(): Command {
  return writeCommand("clear", "empty a scope of a user's record, or all of them; the history stays")
    .argument("[scope]", "public, private or unsafe (default: all three)")
    .action(async (userId: string, scope: string | undefined, flags: WriteFlags) => {
      const cleared = scope === undefined ? undefined : toScope(scope);
      await write(userId, flags, (meta, options) => meta.clear(userId, cleared, options));
    });
}
