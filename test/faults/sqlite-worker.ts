import { appendFileSync, closeSync, existsSync, openSync, readFileSync, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { createUserMeta, UserMetaError } from "@usermeta/core";
import { type SqliteDriver, sqliteStore } from "@usermeta/sqlite";

/**
 * One process of `sqlite.test.ts`: `node sqlite-worker.ts <file> <driver> <name> append|first <users> <writers>`.
 * It works from the first line on its stdin until the end of its stdin.
 */
const [file = "", driver, name = "", work, users = "0", writers = "0"] = process.argv.slice(2);
const open = () =>
  createUserMeta({
    store: sqliteStore(file, { driver: driver as SqliteDriver }),
    verifier: () => Promise.reject(new Error("no sessions here")),
    limits: { characters: { private: 1_000_000 }, bodyBytes: 4_000_000 },
  });

let isEnding = false;
const started = new Promise((resolve) => process.stdin.once("data", resolve));
process.stdin.once("end", () => {
  isEnding = true;
});

if (work === "append") await append();
else await first();

/**
 * Each writer appends ids of its own, one after another, to the lists of users whom all share, until told to end. What is
 * acknowledged goes to `<file>.<name>.acks`; after a kill, each writer repeats the first that is not there.
 */
async function append(): Promise<void> {
  const path = `${file}.${name}.acks`;
  const done = new Map<string, number>();
  const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n").slice(0, -1) : [];
  for (const writer of lines.map((id) => id.split("-")[0] ?? "")) done.set(writer, (done.get(writer) ?? 0) + 1);
  const acks = openSync(path, "a");
  const meta = open();
  await started;
  await Promise.all(
    Array.from({ length: Number(writers) }, async (_, i) => {
      const writer = `${name}.${i}`;
      for (let n = done.get(writer) ?? 0; !isEnding; n++) {
        const id = `${writer}-${n}`;
        // Any user but always the same one for one id, so that a repetition finds the first attempt.
        const userId = `user${((i + 1) * 31 + n * 7) % Number(users)}`;
        await untilAnswered(() =>
          meta.update(userId, ({ private: { ids } }) => ({ private: { ids: [...((ids ?? []) as string[]), id] } }), {
            idempotencyKey: id,
          }),
        );
        // An answer takes a moment to arrive, so that many kills fall between the commit and the acknowledgement.
        await setTimeout(Math.random() * 5);
        writeSync(acks, `${id}\n`);
      }
    }),
  );
  await meta.close();
  closeSync(acks);
}

/** Each writer, with a store of its own, adds a key of its own to every user, all at about the same time. */
async function first(): Promise<void> {
  const all = Array.from({ length: Number(writers) }, open);
  process.stdout.write("ready");
  await started;
  await Promise.all(
    all.map(async (meta, writer) => {
      for (let from = 0; from < Number(users); from += 50)
        await Promise.all(
          Array.from({ length: 50 }, (_, i) =>
            untilAnswered(() => meta.update(`new${from + i}`, { public: { [`${name}.${writer}`]: 1 } })),
          ),
        );
      await meta.close();
    }),
  );
}

/** Repeats an operation while it is answered with a 503. */
async function untilAnswered<T>(operation: () => Promise<T>): Promise<T> {
  for (;;)
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof UserMetaError && error.status === 503)) throw error;
      appendFileSync(`${file}.${name}.503`, `${error.code}\n`);
    }
}
