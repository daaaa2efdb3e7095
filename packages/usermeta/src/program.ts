import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { completionCommand } from "./commands/completion.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { eraseCommand } from "./commands/erase.ts";
import { exportCommand } from "./commands/export.ts";
import { getCommand } from "./commands/get.ts";
import { historyCommand, revertCommand } from "./commands/history.ts";
import { importCommand } from "./commands/import.ts";
import { listCommand } from "./commands/list.ts";
import { migrateCommand } from "./commands/migrate.ts";
import { openapiCommand } from "./commands/openapi.ts";
import { clearCommand, replaceCommand } from "./commands/replace.ts";
import { serveCommand } from "./commands/serve.ts";
import { setCommand, unsetCommand } from "./commands/set.ts";
import { exitCodes, report } from "./failure.ts";

/** Every command, in the order of the help. */
const commands: readonly (() => Command)[] = [
  serveCommand,
  getCommand,
  setCommand,
  unsetCommand,
  replaceCommand,
  clearCommand,
  eraseCommand,
  historyCommand,
  revertCommand,
  listCommand,
  exportCommand,
  importCommand,
  migrateCommand,
  doctorCommand,
  openapiCommand,
  completionCommand,
];

/** The whole command line. A command is defined in a file of its own below `commands`. */
export function createProgram(): Command {
  const program = new Command("usermeta")
    .description("What your application knows about its users, next to whatever signs them in.")
    .version(versionOfPackage(), "-V, --version", "print the version")
    .helpOption("-h, --help", "show help")
    .helpCommand("help [command]", "show help of a command")
    .showHelpAfterError("See usermeta --help.")
    .addHelpText("after", "\nExit codes: 0 done, 1 it failed, 2 wrong usage or configuration.");
  for (const command of commands) program.addCommand(command());
  for (const command of [program, ...program.commands]) command.exitOverride();
  return program;
}

/** Runs one command line and answers its exit code. Failures are printed, never thrown. */
export async function run(args: readonly string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : exitCodes.done;
  } catch (error) {
    // Commander has printed its own message already; help and version come this way too, with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
    return report(error, { json: args.includes("--json") });
  }
}

function versionOfPackage(): string {
  const manifest = readFileSync(new URL("../package.json", import.meta.url), "utf8");
  return (JSON.parse(manifest) as { version: string }).version;
}
