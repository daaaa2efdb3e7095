import { UserMetaError } from "@usermeta/core";

/** What the command answers its caller with. */
export const exitCodes = {
  done: 0,
  /** It was tried and failed: the store is out of reach, a check found something. */
  failed: 1,
  /** It was never tried: arguments or configuration are wrong. */
  usage: 2,
} as const;

/** Prints what went wrong on standard error, as `{ code, message }` with `--json`, and names the exit code. */
export function report(error: unknown, { json = false }: { readonly json?: boolean } = {}): number {
  const known = error instanceof UserMetaError ? error : undefined;
  const code = known?.code ?? "internal";
  // What is not ours is a bug or a failing dependency: its stack helps, and it holds no metadata of ours.
  const message = known?.message ?? (error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(json ? `${JSON.stringify({ code, message })}\n` : `usermeta: ${message} (${code})\n`);
  return code === "invalid_config" ? exitCodes.usage : exitCodes.failed;
}
