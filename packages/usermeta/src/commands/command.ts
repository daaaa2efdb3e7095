import { invalidConfig, type Scope, scopes, type UserMeta, type WriteOptions } from "@usermeta/core";
import { parseJson } from "@usermeta/core/routes";
import { Command } from "commander";
import { openMeta, type StoreFlags, storeOptions } from "../settings.ts";

/** Options of every command that prints. */
export interface OutputFlags extends StoreFlags {
  readonly json?: true;
}

/** Options of every command that writes. */
export interface WriteFlags extends OutputFlags {
  readonly actor: string;
  readonly reason?: string;
  readonly ifMatch?: string;
  readonly idempotencyKey?: string;
}

/** A command on the store. */
export function storeCommand(name: string, description: string): Command {
  return storeOptions(new Command(name)).description(description).option("--json", "print JSON, for programs");
}

/** A command that writes to one user. */
export function writeCommand(name: string, description: string): Command {
  return storeCommand(name, description)
    .argument("<user>", "the user's id")
    .option("--actor <name>", "who writes, for the change log", "cli")
    .option("--reason <text>", "why, for the change log")
    .option("--if-match <etag>", "write only if the record is still at this ETag")
    .option("--idempotency-key <key>", "the same request with this key happens at most once");
}

/** Opens the store for as long as `use` takes. */
export async function withMeta<T>(flags: StoreFlags, use: (meta: UserMeta) => Promise<T>): Promise<T> {
  const meta = await openMeta(flags);
  try {
    return await use(meta);
  } finally {
    await meta.close();
  }
}

/** The options of a write that the flags ask for. */
export function toWriteOptions({ actor, reason, ifMatch, idempotencyKey }: WriteFlags): WriteOptions {
  return {
    actor,
    ...(reason !== undefined && { reason }),
    ...(ifMatch !== undefined && { ifMatch }),
    ...(idempotencyKey !== undefined && { idempotencyKey }),
  };
}

/** Carries out a write and says what came of it. */
export async function write(
  userId: string,
  flags: WriteFlags,
  run: (meta: UserMeta, options: WriteOptions) => Promise<{ readonly version: number }>,
): Promise<void> {
  await withMeta(flags, async (meta) => {
    const before = await meta.get(userId);
    const after = await run(meta, toWriteOptions(flags));
    if (flags.json) return print(after);
    const what = after.version === before.version ? "unchanged, at" : "now at";
    process.stdout.write(`${userId} is ${what} version ${after.version}\n`);
  });
}

/** Prints a value as JSON: compact for programs, indented for a terminal. */
export function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0)}\n`);
}

/** A place in a record: `"public.billing.plan"`. */
export interface Place {
  readonly scope: Scope;
  readonly path: readonly string[];
}

/** Reads `scope.key.key`, or a scope alone. Throws `invalid_config`. */
export function toPlace(name: string): Place {
  const [scope, ...path] = name.split(".");
  if (!scopes.includes(scope as Scope) || path.includes(""))
    throw invalidConfig("name a place as scope.key.key, e.g. public.plan");
  return { scope: scope as Scope, path };
}

/** Reads a scope's name. Throws `invalid_config`. */
export function toScope(name: string): Scope {
  if (!scopes.includes(name as Scope)) throw invalidConfig(`a scope must be ${scopes.join(", ")}`);
  return name as Scope;
}

/** Reads JSON from an argument, or from standard input for `-`; as strictly as a request's body. */
export async function readJson(argument: string): Promise<unknown> {
  return parseJson(argument === "-" ? await readInput() : argument, true);
}

async function readInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) chunks.push(chunk);
  return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
}
