import { resolve } from "node:path";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { invalidConfig, type Merge, type MetadataStore, UserMetaError } from "@usermeta/core";
import { Command, Option } from "commander";
import { loadConfig } from "../config.ts";
import { exitCodes } from "../failure.ts";
import { noCheckpoint, openCheckpoint } from "../import/checkpoint.ts";
import type { Source } from "../import/entry.ts";
import { openFile } from "../import/file.ts";
import { type Format, type FormatName, formats, remap } from "../import/formats.ts";
import { type Imported, importUsers } from "../import/import.ts";
import { type LiveName, openApi } from "../import/live.ts";
import { showProgress } from "../import/progress.ts";
import { openStoreThread } from "../import/store-thread.ts";
import { openConfigured, readSecret, type StoreFlags, storeOf, storeOptions } from "../settings.ts";
import { openStore } from "../store.ts";

interface ImportFlags extends StoreFlags {
  readonly from: FormatName;
  readonly map?: Readonly<Record<string, string>>;
  readonly merge: Merge;
  readonly dryRun?: true;
  readonly strict?: true;
  readonly restart?: true;
  readonly checkpoint?: string;
  readonly actor: string;
  readonly reason?: string;
  readonly json?: true;
}

/** Refused rows that are named one by one; more would bury what matters. */
const named = 20;

/** `usermeta import`: users from a file, or from a vendor's API, into any store. */
export function importCommand(): Command {
  return storeOptions(new Command("import"))
    .description("write users from a file (NDJSON, JSON or CSV), or from a vendor's API, into the store")
    .argument("<source>", "a file, - for standard input, or the address of a vendor's API, e.g. https://api.clerk.com")
    .addOption(new Option("-f, --from <vendor>", "who wrote it").choices(Object.keys(formats)).default("usermeta"))
    .option("--map <member=scope>", "send a member elsewhere, e.g. app_metadata=public", pairs)
    .addOption(
      new Option("-m, --merge <how>", "how a scope meets what is stored")
        .choices(["replace", "shallow", "deep"])
        .default("replace"),
    )
    .option("-n, --dry-run", "say what would be created, changed and refused, and write nothing")
    .option("--strict", "stop at the first batch with a row that is refused")
    .option("--checkpoint <path>", "where the position is kept (default: beside the source)")
    .option("--restart", "begin again, whatever an earlier run has done")
    .option("--actor <name>", "who writes, for the change log", "import")
    .option("--reason <text>", "why, for the change log")
    .option("--json", "print the result as JSON")
    .addHelpText("after", help)
    .action(run);
}

const help = `
The same command goes on where it was killed: no user is lost, none is written twice.
Keys of APIs come from CLERK_SECRET_KEY, SUPERTOKENS_API_KEY, HANKO_API_KEY, each also as <NAME>_FILE.
Refused rows are named on standard error by number and cause, never by content; the rest is written.
Exit codes: 0 every row, 1 it failed or rows were refused, 2 wrong usage, 130 interrupted.`;

async function run(address: string, flags: ImportFlags): Promise<void> {
  const settle = boundYoungGeneration();
  const { merge, actor, reason, dryRun = false, strict = false } = flags;
  const format = remap(flags.from, flags.map ?? {});
  const source = openSource(address, flags.from, format);
  const config = await loadConfig(flags.config);
  const identity = [source.name, source.fingerprint, flags.from, JSON.stringify(flags.map ?? {}), merge];
  const checkpoint =
    dryRun || address === "-"
      ? noCheckpoint
      : openCheckpoint(besideOf(address, flags), [...identity, target(flags, config)]);
  const { store } = config;
  const interrupt = new AbortController();
  const stop = (): void => interrupt.abort();
  process.once("SIGINT", stop).once("SIGTERM", stop);
  let sync = async (): Promise<void> => {};
  const meta = await openConfigured(
    flags,
    { deadline: 30_000, ...config, ...(dryRun && typeof store === "object" && { store: withoutWrites(store) }) },
    async (url, options = {}) => {
      if (!url.startsWith("sqlite:") || dryRun) {
        const opened = await openStore(url, options);
        return dryRun ? withoutWrites(opened) : opened;
      }
      const { namespace = "", indexes = [] } = options;
      const opened = await openStoreThread(url.slice("sqlite:".length), { namespace, indexes });
      sync = () => opened.sync();
      return opened;
    },
  );
  const progress = showProgress(source);
  const startedAt = performance.now();
  let told = 0;
  let imported: Imported;
  try {
    imported = await importUsers(meta.records, source, {
      format,
      merge,
      actor,
      ...(reason !== undefined && { reason }),
      strict,
      sync: () => sync(),
      checkpoint: flags.restart ? { ...checkpoint, found: undefined } : checkpoint,
      signal: interrupt.signal,
      onProgress: (position) => progress.update(position),
      onRefused(row, { code, message, pointer }) {
        if (++told > named) return;
        process.stderr.write(`${source.unit} ${row}: ${message}${pointer ? ` at ${pointer}` : ""} (${code})\n`);
      },
    });
    progress.stop();
    if (told > named) process.stderr.write(`… and ${told - named} more refused\n`);
    print(imported, (performance.now() - startedAt) / 1000, flags);
    process.exitCode = exitCodeOf(imported);
  } finally {
    settle();
    progress.stop();
    process.off("SIGINT", stop).off("SIGTERM", stop);
    await meta.close();
  }
  // Last of all: who is killed before this goes on where nothing is left to do, and does not begin again.
  if (imported.end === "finished") checkpoint.remove();
}

/** Bytes of the young generation from which on it grows no more. */
const youngBytes = 8 * 1024 * 1024;

/**
 * Rows live for a batch, and V8 answers survivors with a larger young generation, up to 100 MB, which wins no time.
 * The flag is read whenever it may grow. Returns the way to stop watching.
 */
function boundYoungGeneration(): () => void {
  const timer = setInterval(() => {
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === "new_space");
    if (young !== undefined && young.space_size < youngBytes) return;
    setFlagsFromString("--semi-space-growth-factor=1");
    clearInterval(timer);
  }, 5).unref();
  return () => clearInterval(timer);
}

function openSource(address: string, from: FormatName, format: Format): Source {
  if (!/^https?:\/\//.test(address)) return openFile(address, format);
  const variable = keys[from as LiveName];
  if (variable === undefined) throw invalidConfig(`--from must be ${Object.keys(keys).join(", ")} to read an API`);
  return openApi(from as LiveName, { url: address, key: readSecret(variable) });
}

const keys: Readonly<Record<LiveName, string>> = {
  clerk: "CLERK_SECRET_KEY",
  supertokens: "SUPERTOKENS_API_KEY",
  hanko: "HANKO_API_KEY",
};

function besideOf(address: string, { checkpoint, from }: ImportFlags): string {
  if (checkpoint !== undefined) return resolve(checkpoint);
  return resolve(address.includes("://") ? `usermeta-import-${from}` : address);
}

/** Which store it is; a checkpoint of one says nothing about another. */
function target(flags: ImportFlags, config: Awaited<ReturnType<typeof loadConfig>>): string {
  const store = storeOf(flags, config);
  const name =
    typeof store !== "string" ? "of the configuration" : store.replace(/^sqlite:(.*)$/, (_, path) => resolve(path));
  return `${name} ${flags.namespace ?? config.namespace ?? ""}`;
}

/** A store that takes every write and keeps none: a dry run is the real one in everything else. */
function withoutWrites(store: MetadataStore): MetadataStore {
  return { ...store, write: async (puts) => puts.map(() => "written" as const) };
}

function print({ row, tally, end }: Imported, seconds: number, { json, dryRun }: ImportFlags): void {
  if (json) {
    const result = { end, rows: row, ...tally, dryRun: dryRun ?? false, seconds: Math.round(seconds * 100) / 100 };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const { created, changed, unchanged, repeated, refused } = tally;
  const counts = Object.entries({ created, changed, unchanged, "written before": repeated, refused })
    .filter(([name, n]) => n > 0 || name === "created" || name === "refused")
    .map(([name, n]) => `${n.toLocaleString("en")} ${name}`);
  const verb = dryRun ? "would be" : end === "finished" ? "done:" : "so far:";
  process.stdout.write(`${verb} ${counts.join(", ")}\n`);
  if (end !== "finished" && !dryRun) process.stderr.write("Not finished. The same command goes on from here.\n");
}

function exitCodeOf({ end, tally }: Imported): number {
  if (end === "stopped") return 130;
  return tally.refused > 0 ? exitCodes.failed : exitCodes.done;
}

function pairs(value: string, previous: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const added = value.split(",").map((pair) => {
    const [member = "", scope = "", ...rest] = pair.split("=");
    if (scope === "" || rest.length > 0) throw new UserMetaError("invalid_config", "--map takes member=scope");
    return [member, scope];
  });
  return { ...previous, ...(Object.fromEntries(added) as Record<string, string>) };
}
