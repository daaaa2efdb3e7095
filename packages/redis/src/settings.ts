import { invalidConfig } from "@usermeta/core";
import { ErrorReply } from "redis";
import type { Sender } from "./connection.ts";
import { codeOf } from "./failure.ts";
import { format, type Keys } from "./layout.ts";

/**
 * A risk of losing data, named in writing by whoever accepts it:
 * - `"eviction"`: `maxmemory-policy` is not `noeviction`, so Redis may drop metadata when its memory is full
 * - `"no-aof"`: `appendonly` is not `yes`, so a restart of Redis may lose acknowledged writes
 * - `"unchecked"`: Redis does not tell its settings, as most managed services do not
 */
export type RedisRisk = "eviction" | "no-aof" | "unchecked";

/** Every {@link RedisRisk}. */
export const risks: readonly RedisRisk[] = ["eviction", "no-aof", "unchecked"];

/** Throws `invalid_config` for settings that lose data and were not accepted, and for data of a newer format. */
export async function check(send: Sender, keys: Keys, accepted: readonly RedisRisk[]): Promise<void> {
  await checkSettings(send, accepted);
  const [found] = [await send.command(keys.format, "GET", keys.format)];
  if (found === null) await send.command(keys.format, "SET", keys.format, String(format), "NX");
  else if (Number(found) > format)
    throw invalidConfig(
      `the namespace has format ${Number(found)} and this version knows ${format}: update @usermeta/redis`,
    );
}

async function checkSettings(send: Sender, accepted: readonly RedisRisk[]): Promise<void> {
  const [policies, logs] = await Promise.all([settings(send, "maxmemory-policy"), settings(send, "appendonly")]);
  if (policies === undefined || logs === undefined) {
    if (accepted.includes("unchecked")) return;
    throw invalidConfig(
      "Redis does not tell its settings (CONFIG GET): see that maxmemory-policy is noeviction and that it persists " +
        'its data, then pass accept: ["unchecked"]',
    );
  }
  if (policies.some((policy) => policy !== "noeviction") && !accepted.includes("eviction"))
    throw invalidConfig(
      "Redis would drop metadata when its memory is full: set maxmemory-policy to noeviction, or pass " +
        'accept: ["eviction"]',
    );
  if (logs.some((log) => log !== "yes") && !accepted.includes("no-aof"))
    throw invalidConfig(
      'a restart of Redis would lose acknowledged writes: set appendonly to yes, or pass accept: ["no-aof"]',
    );
}

/** A setting on every server; `undefined` when one of them refuses to tell. */
async function settings(send: Sender, name: string): Promise<readonly unknown[] | undefined> {
  try {
    const answers = await send.everywhere("CONFIG", "GET", name);
    // RESP 2 answers with a list of names and values, RESP 3 with an object.
    return answers.map((answer) => (Array.isArray(answer) ? answer[1] : (answer as Record<string, unknown>)[name]));
  } catch (error) {
    if (error instanceof ErrorReply && ["ERR", "NOPERM"].includes(codeOf(error) ?? "")) return undefined;
    throw error;
  }
}
