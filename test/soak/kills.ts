import { setTimeout as sleep } from "node:timers/promises";
import { type Ask, connections } from "./ask.ts";
import { startServer } from "./server.ts";

/** What came of killing a server again and again. */
export interface KillResult {
  readonly kills: number;
  readonly acknowledged: number;
  /** Writes whose answer the kill took: each was found to have happened wholly, or not at all. */
  readonly unanswered: number;
  /** Acknowledged writes that were not there afterwards, and values that nobody wrote. */
  readonly lost: readonly string[];
}

interface Writer {
  readonly user: string;
  readonly key: string;
  /** The last number whose write was acknowledged. */
  acknowledged: number;
  /** The number whose write got no answer. */
  open: number | undefined;
}

/**
 * Kills a server with signal 9 at random moments while clients write ever higher numbers, each at a place of its own,
 * eight of them in one record. After each restart every place must hold the number that was acknowledged last, or the one
 * whose answer was still to come.
 */
export async function killAgainAndAgain(
  folder: string,
  { kills, clients, onKill }: { kills: number; clients: number; onKill?: (kill: number) => void },
): Promise<KillResult> {
  const writers = Array.from({ length: clients }, (_, i): Writer => {
    return { user: `user-${Math.floor(i / 8)}`, key: `client-${i}`, acknowledged: 0, open: undefined };
  });
  const lost: string[] = [];
  let [acknowledged, unanswered] = [0, 0];

  for (let kill = 1; kill <= kills; kill++) {
    const server = await startServer(folder, ["--port", "0", "--quiet"]);
    const { ask, close } = connections(server.url, clients);
    const writing = writers.map((writer) => writeUntilKilled(writer, ask));
    await sleep(50 + Math.random() * 700);
    await server.kill();
    acknowledged += (await Promise.all(writing)).reduce((a, b) => a + b, 0);
    close();
    unanswered += writers.filter(({ open }) => open !== undefined).length;
    lost.push(...server.problems(), ...(await check(folder, writers)));
    onKill?.(kill);
  }
  return { kills, acknowledged, unanswered, lost };
}

/** Writes number after number until the connection breaks; how many were acknowledged. */
async function writeUntilKilled(writer: Writer, ask: Ask): Promise<number> {
  for (let count = 0; ; count++) {
    writer.open = writer.acknowledged + 1;
    const body = { private: { [writer.key]: writer.open } };
    const answer = await ask("PATCH", `/admin/users/${writer.user}/metadata`, {}, body).catch(() => undefined);
    if (answer === undefined) return count;
    if (answer.status !== 200) throw new Error(`a write was answered with ${answer.status} ${answer.text}`);
    writer.acknowledged = writer.open;
    writer.open = undefined;
  }
}

/** Compares every place with what was acknowledged, by a server on the same file, and goes on from what is there. */
async function check(folder: string, writers: readonly Writer[]): Promise<string[]> {
  const server = await startServer(folder, ["--port", "0", "--quiet"]);
  const { ask, close } = connections(server.url, 8);
  const wrong: string[] = [];
  for (const writer of writers) {
    const { text } = await ask("GET", `/admin/users/${writer.user}/metadata`);
    const record = JSON.parse(text) as { private: Record<string, number> };
    const found = record.private[writer.key] ?? 0;
    if (found !== writer.acknowledged && found !== writer.open)
      wrong.push(`${writer.user} ${writer.key}: ${found} is there, ${writer.acknowledged} was acknowledged`);
    writer.acknowledged = found;
    writer.open = undefined;
  }
  close();
  await server.stop();
  return wrong;
}
