import { memoryStore, type Put, type StoredRecord } from "@usermeta/core";
import { dynamodbStore } from "@usermeta/dynamodb";
import { testStore } from "@usermeta/testkit";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dynamodb, type Server } from "../../../test/servers.ts";
import { putOf } from "./samples.ts";

let server: Server;
beforeAll(async () => {
  server = await dynamodb();
});
afterAll(() => server.stop());
const open = async (namespace?: string) => {
  const store = dynamodbStore(
    `dynamodb://eu-central-1/usermeta?endpoint=${server.url}`,
    namespace === undefined ? {} : { namespace },
  );
  await store.migrate();
  return store;
};
testStore("DynamoDB (dynalite)", ({ namespace }) => open(namespace), { namespaces: true });

it("equals memory", { timeout: 600_000 }, async () => {
  let seed = Number(process.env.SEED ?? 1);
  const random = (n: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * n);
  };
  for (let run = 0; run < 60; run++) {
    const memory = memoryStore();
    const [a, b] = [await open(`run${run}`), await open(`run${run}`)];
    const ids = ["a", "b", "ü", "c"];
    const past: Put[] = [];
    let now = 1000;
    for (let i = 0; i < 60; i++) {
      now += random(10);
      const store = random(2) ? a : b;
      const action = random(20);
      const id = ids[random(ids.length)] as string;
      if (action === 0) await Promise.all([memory.erase(id), store.erase(id)]);
      else if (action < 3) {
        const query = { limit: 1 + random(8), before: random(2) ? undefined : 1 + random(12) };
        expect(await store.history(id, query)).toEqual(await memory.history(id, query));
      } else if (action === 3) {
        const query = { where: [], limit: 1 + random(4), after: random(2) ? undefined : id };
        expect(await store.list(query)).toEqual(await memory.list(query));
      } else {
        const puts: Put[] = [];
        for (const userId of ids.filter(() => random(2) === 0)) {
          const [current] = await memory.read([userId]);
          const kind = random(12);
          const old = past.filter(({ next }) => next.userId === userId)[0];
          const base: StoredRecord | undefined = kind === 0 ? undefined : kind === 1 && old ? old.next : current;
          const put = putOf(userId, base, {
            at: now,
            change: random(5) === 0 ? null : `{"n":${i}}`,
            entries: [0, 1, 2, 3, 5, 1000][random(6)] as number,
            since: random(3) === 0 ? 0 : now - 15,
            digest: random(2) ? "" : "d",
            ...(kind === 2 && old && { id: old.change.id }),
          });
          puts.push(kind === 3 && old ? old : put);
        }
        if (random(30) === 0) now += 20;
        past.unshift(...puts);
        expect(await store.write(puts)).toEqual(await memory.write(puts));
      }
      if (random(4) === 0) expect(await store.read(ids)).toEqual(await memory.read(ids));
      if (random(4) === 0)
        for (const id of ids)
          expect([run, i, await store.history(id, { limit: 100 })]).toEqual([
            run,
            i,
            await memory.history(id, { limit: 100 }),
          ]);
    }
    await a.close();
    await b.close();
  }
});
