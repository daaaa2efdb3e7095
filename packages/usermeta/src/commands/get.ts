import { type Json, UserMetaError } from "@usermeta/core";
import type { Command } from "commander";
import { type OutputFlags, print, storeCommand, toPlace, withMeta } from "./command.ts";

/** `usermeta get`: a record, or one place of it. */
export function getCommand(): Command {
  return storeCommand("get", "print a user's record, or one place of it")
    .argument("<user>", "the user's id")
    .argument("[place]", "a scope, or scope.key.key, e.g. public.plan; exit code 1 where there is nothing")
    .action(async (userId: string, place: string | undefined, flags: OutputFlags) => {
      const record = await withMeta(flags, (meta) => meta.get(userId));
      if (place === undefined) return print(record);
      const { scope, path } = toPlace(place);
      let value: Json | undefined = record[scope] as Json;
      for (const key of path) value = member(value, key);
      if (value === undefined) throw new UserMetaError("not_found", "the record has nothing there");
      if (typeof value === "string" && !flags.json) process.stdout.write(`${value}\n`);
      else print(value);
    });
}

const member = (value: Json | undefined, key: string): Json | undefined =>
  typeof value === "object" && value !== null && Object.hasOwn(value, key)
    ? (value as Readonly<Record<string, Json>>)[key]
    : undefined;
