import { createWriteStream, renameSync, rmSync } from "node:fs";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Where } from "@usermeta/core";
import { type Command, Option } from "commander";
import { type ExportForm, exportUsers } from "../export.ts";
import { type OutputFlags, print, storeCommand, withMeta } from "./command.ts";
import { toWhere } from "./list.ts";

interface ExportFlags extends OutputFlags {
  readonly output?: string;
  readonly form?: ExportForm;
  readonly where?: Where;
  readonly user?: string;
}

/** `usermeta export`: every user for `usermeta import`, or everything about one for the law. */
export function exportCommand(): Command {
  return storeCommand("export", "write every user to a file that import reads, or everything held about one")
    .option("-o, --output <file>", "where to; complete or not there (default: standard output)")
    .addOption(new Option("--form <form>", "default: by the file's name, else ndjson").choices(["ndjson", "csv"]))
    .option("-w, --where <json>", `only those that a search over --index paths finds`, toWhere)
    .option("--user <id>", "one user's record and change log instead, as one JSON object")
    .action(async ({ output, form, where, user, ...flags }: ExportFlags) => {
      await withMeta(flags, async (meta) => {
        if (user !== undefined) return print(await meta.export(user));
        const shape = form ?? (output !== undefined && extname(output) === ".csv" ? "csv" : "ndjson");
        let users = 0;
        const onProgress = (count: number): void => {
          users = count;
        };
        const text = Readable.from(exportUsers(meta.records, shape, { where, onProgress }), { objectMode: false });
        if (output === undefined) return pipeline(text, process.stdout, { end: false });
        const part = `${output}.part`;
        try {
          await pipeline(text, createWriteStream(part, { flush: true }));
          renameSync(part, output);
        } finally {
          rmSync(part, { force: true });
        }
        if (flags.json) print({ users, output });
        else process.stderr.write(`${output}: ${users.toLocaleString("en")} ${users === 1 ? "user" : "users"}\n`);
      });
    });
}
