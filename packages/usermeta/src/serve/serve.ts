import { openMeta, type StoreFlags } from "../settings.ts";

/** Serves until the process is told to end. */
export async function serve(flags: StoreFlags): Promise<void> {
  await (await openMeta(flags)).close();
}
