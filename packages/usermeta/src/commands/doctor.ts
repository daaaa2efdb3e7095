import type { Command } from "commander";
import { loadConfig } from "../config.ts";
import { examine, type Finding } from "../doctor.ts";
import { exitCodes, report } from "../failure.ts";
import { openConfigured } from "../settings.ts";
import { openStore } from "../store.ts";
import { type OutputFlags, storeCommand } from "./command.ts";
import { toCount } from "./list.ts";

interface DoctorFlags extends OutputFlags {
  readonly jwksUrl?: string;
  readonly code: string;
  readonly limit: number;
}

/** `usermeta doctor`: whether everything that usermeta needs is there, and what somebody should look at. */
export function doctorCommand(): Command {
  return storeCommand("doctor", "check the store, the session keys, the data and the rules")
    .option("--jwks-url <url>", "where the issuer publishes its keys")
    .option("--code <folder>", "the application's code, searched for rules that trust unsafe", ".")
    .option("-l, --limit <number>", "how many users to look at", toCount, 999_999_999)
    .addHelpText("after", "\nChanges nothing: a store that needs migrate is told. Exit code 1 when a check fails.")
    .action(async ({ jwksUrl, code, limit, ...flags }: DoctorFlags) => {
      const config = await loadConfig(flags.config);
      const open: typeof openStore = (url, options) => openStore(url, { ...options, migrate: false });
      const meta = await openConfigured(flags, config, open).catch((error: unknown) => {
        process.exitCode = report(error, flags);
      });
      if (meta === undefined) return;
      try {
        const { schema: schemas = {} } = config;
        const indexes = flags.index ?? config.indexes ?? [];
        for await (const finding of examine({ meta, schemas, indexes, jwks: jwksUrl, code, limit })) {
          process.stdout.write(`${flags.json ? JSON.stringify(finding) : describe(finding)}\n`);
          if (finding.level === "fail") process.exitCode = exitCodes.failed;
        }
      } finally {
        await meta.close();
      }
    });
}

const marks = { ok: "✓", warn: "!", fail: "✗" } as const;

const describe = ({ check, level, detail }: Finding): string => `${marks[level]} ${check}: ${detail}`;
