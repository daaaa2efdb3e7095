import { closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { collect, openMeta, untilAnswered } from "../open.ts";
import type { Site } from "../worker.ts";

export interface AppendOptions {
  readonly namespace: string;
  readonly name: number;
  readonly writers: number;
  /** Where notes are kept that outlive a kill: `<name>.acks`, `<name>.refusals`, `<name>.reads`. */
  readonly folder: string;
}

/** Users that all writers write at about the same time; 50 writes later they move on, so that no record grows for ever. */
const together = 32;
const stay = 50;
/** Always the same user for one id, so that a repetition finds the first attempt. */
const userOf = (writer: number, n: number): string =>
  `user${Math.floor(n / stay) * together + ((writer * 7 + n) % together)}`;

/**
 * Each writer appends ids of its own, one after another, to lists in two scopes of users whom all share. After a kill, each
 * writer repeats the first that was not acknowledged. Readers look whether they ever see one scope without the other.
 */
export async function append(
  { open, ending }: Site,
  { namespace, name, writers, folder }: AppendOptions,
): Promise<null> {
  const path = (kind: string): string => `${folder}/${name}.${kind}`;
  const done = new Map<string, number>();
  const noted = existsSync(path("acks")) ? readFileSync(path("acks"), "utf8").split("\n").slice(0, -1) : [];
  for (const line of noted) {
    const writer = line.split("-")[0] ?? "";
    done.set(writer, (done.get(writer) ?? 0) + 1);
  }
  const [acks, refusals, reads] = [
    openSync(path("acks"), "a"),
    openSync(path("refusals"), "a"),
    openSync(path("reads"), "a"),
  ];
  const meta = await open(namespace);
  let latest = userOf(0, 0);
  let isWriting = true;

  async function write(i: number): Promise<void> {
    const writer = `${name}.${i}`;
    const first = done.get(writer) ?? 0; // it may have been tried already
    for (let n = first; n === first || !ending.aborted; n++) {
      const id = `${writer}-${n}`;
      const userId = userOf(i, n);
      let took = 0;
      await untilAnswered(
        () =>
          meta.update(userId, ({ public: { ids } }) => ({ public: added(ids, id), private: added(ids, id) }), {
            idempotencyKey: id,
          }),
        (code, ms) => {
          took = ms;
          if (code !== "ok") writeSync(refusals, `${code} ${ms}\n`);
        },
      );
      latest = userId;
      // An answer takes a moment to arrive, so that many kills fall between the commit and the acknowledgement.
      await setTimeout(Math.random() * 5);
      writeSync(acks, `${id} ${took}\n`);
    }
  }

  async function read(): Promise<void> {
    while (isWriting) {
      const record = await untilAnswered(() => meta.get(latest));
      const isWhole = isDeepStrictEqual(record.public, record.private);
      writeSync(reads, isWhole ? "whole\n" : "half\n");
      await setTimeout(2);
    }
  }

  const reading = [read(), read()];
  await Promise.all(Array.from({ length: writers }, (_, i) => write(i)));
  isWriting = false;
  await Promise.all(reading);
  await meta.close();
  for (const file of [acks, refusals, reads]) closeSync(file);
  return null;
}

const added = (ids: unknown, id: string): { readonly ids: readonly string[] } => ({
  ids: [...((ids ?? []) as string[]), id],
});

/** What a store holds of the appended ids, and every record that does not agree with itself. */
export async function audit(
  url: string,
  namespace: string,
): Promise<{ readonly ids: string[]; readonly odd: string[] }> {
  const meta = await openMeta(url, namespace);
  const ids: string[] = [];
  const odd: string[] = [];
  for await (const record of meta.list()) {
    const mine = (record.public["ids"] ?? []) as string[];
    const versions = (await collect(meta.history(record.userId))).map(({ version }) => version);
    const isSound =
      record.version === mine.length &&
      isDeepStrictEqual(record.public, record.private) &&
      String(versions) === String(mine.map((_, i) => mine.length - i));
    if (!isSound) odd.push(`${record.userId} at ${record.version}: ${mine.length} ids, changes ${versions.join()}`);
    ids.push(...mine);
  }
  await meta.close();
  return { ids, odd };
}
