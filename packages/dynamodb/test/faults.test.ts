import { type ConditionalCheckFailedException, type DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
import { createUserMeta, type Put, type UserMeta } from "@usermeta/core";
import { type DynamodbStore, dynamodbStore } from "@usermeta/dynamodb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { freeze, thaw } from "../../../test/servers.ts";
import { clientOf, type Emulator, emulator, type Fault, proxy, putOf, steps, storeAt, watched } from "./samples.ts";

let server: Emulator;
let front: { readonly url: string };
/** Faults to come, by operation; the last one stays. */
let faults: Record<string, Fault[]> = {};
const faultOf = (operation: string): Fault => {
  const list = faults[operation] ?? [];
  return (list.length > 1 ? list.shift() : list[0]) ?? "none";
};
beforeAll(async () => {
  server = await emulator();
  front = await proxy(() => server.url, faultOf);
  await storeAt(server.url).migrate();
});
beforeEach(() => {
  faults = {};
});

const rejections: unknown[] = [];
const note = (reason: unknown) => void rejections.push(reason);
process.on("unhandledRejection", note).on("uncaughtException", note);
afterEach(() => expect(rejections.splice(0)).toEqual([]));
afterAll(() => void process.off("unhandledRejection", note).off("uncaughtException", note));

const verifier = () => Promise.reject(new Error("no sessions here"));
const metaOf = (store: DynamodbStore, deadline?: number): UserMeta =>
  createUserMeta({ store, verifier, ...(deadline !== undefined && { deadline }) });
let users = 0;
const user = () => `user${++users}`;
const unavailable = expect.objectContaining({ code: "store_unavailable" });
const direct = () => storeAt(server.url);

/** The clients that stores have: the one of a URL, the SDK's own, and one that never tries again. */
const clients: [string, { readonly tries: number; readonly open: () => DynamodbStore }][] = [
  ["the client of a URL", { tries: 3, open: () => storeAt(front.url) }],
  ["a client with the SDK's defaults", { tries: 3, open: () => dynamodbStore({ client: clientOf(front.url) }) }],
  ["a client that tries once", { tries: 1, open: () => dynamodbStore({ client: clientOf(front.url, 1) }) }],
];
/** Milliseconds: the store answers after 1,500 at the latest, on a machine that has nothing else to do. */
const patience = 4_000;
const silent: readonly Fault[] = ["swallow before", "swallow after"];
const loud: readonly Fault[] = ["cut before", "cut after", "garble", "fail after"];

/** Whether a put is in the record, and once in its log. */
async function isThere({ next, change }: Put): Promise<boolean> {
  const [record] = await direct().read([next.userId]);
  const entries = (await direct().history(next.userId, { limit: 99 })).filter(({ id }) => id === change.id);
  expect(entries).toHaveLength(record?.version === next.version ? 1 : 0);
  return record?.version === next.version;
}

describe.each(clients)("with %s", (name, { tries, open }) => {
  let store: DynamodbStore;
  beforeEach(async () => {
    store = open();
    await store.ping();
  });
  afterEach(() => store.close());

  describe.each<[string, number]>([
    ["the first put", 0],
    ["a later put", 3],
  ])("%s of a user", (_, versions) => {
    // These wait for the deadline each time, whatever the client.
    const slow: readonly Fault[] = name === "the client of a URL" && versions > 0 ? [...silent, "throttle"] : [];
    const prepare = async (): Promise<Put> => {
      const userId = user();
      return putOf(userId, (await steps(direct(), userId, versions)).at(-1)?.next, { digest: "digest" });
    };

    it.each<Fault>([...loud, ...slow.filter((fault) => fault !== "throttle")])(
      "whose every attempt meets %s is unknown, and happens once when it is sent again",
      async (fault) => {
        const put = await prepare();
        faults = { PutItem: [fault] };
        const begun = performance.now();
        const [result] = await store.write([put]);
        expect(performance.now() - begun).toBeLessThan(patience);
        // The SDK takes some answers for success whatever is in them.
        if (result === "written") expect(await isThere(put)).toBe(true);
        else expect(result).toBe("unknown");
        faults = {};
        const [again] = await store.write([put]);
        if (again !== "written") expect(again).toEqual({ duplicate: { version: put.next.version, digest: "digest" } });
        expect(await isThere(put)).toBe(true);
      },
    );

    it.each<Fault>(["cut before", "cut after", "fail after"])(
      "whose first attempt meets %s is not taken for another's by the SDK's own second one",
      async (fault) => {
        const put = await prepare();
        faults = { PutItem: [fault, "none"] };
        expect(await store.write([put])).toEqual([tries > 1 ? "written" : "unknown"]);
        if (tries > 1) expect(await isThere(put)).toBe(true);
      },
    );

    it.each<Fault>([...loud, ...slow])("that cannot be read because of %s is not written", async (fault) => {
      const put = await prepare();
      faults = { BatchGetItem: [fault] };
      const begun = performance.now();
      await expect(store.write([put])).rejects.toEqual(unavailable);
      expect(performance.now() - begun).toBeLessThan(patience);
      expect(await isThere(put)).toBe(false);
    });

    it("that is throttled is not written, and the store says so", async () => {
      const put = await prepare();
      faults = { PutItem: ["throttle"] };
      await expect(store.write([put])).rejects.toEqual(unavailable);
      expect(await isThere(put)).toBe(false);
    });

    it.each<Fault>([...loud, ...slow])("whose log meets %s is written all the same", async (fault) => {
      const put = await prepare();
      faults = { BatchWriteItem: [fault] };
      expect(await store.write([put])).toEqual(["written"]);
      faults = {};
      expect(await isThere(put)).toBe(true);
    });
  });

  it("decides the other puts of a batch when one fails", async () => {
    const [first] = await steps(direct(), user(), 1);
    const [other] = await steps(direct(), user(), 1);
    const puts = [first as Put, putOf(user()), putOf((other as Put).next.userId)];
    faults = { PutItem: ["throttle"] };
    const duplicate = { duplicate: { version: 1, digest: "" } };
    expect(await store.write(puts)).toEqual([duplicate, "unknown", "conflict"]);
  });

  it("repeats no increment with an idempotency key, whatever is cut", async () => {
    const userId = user();
    const meta = metaOf(store);
    const kinds: Fault[] = ["none", "cut before", "cut after", "fail after"];
    let counter = 0;
    for (const operation of ["BatchGetItem", "PutItem", "BatchWriteItem"])
      for (const fault of kinds)
        for (const skip of [0, 1]) {
          counter++;
          faults = { [operation]: [...Array<Fault>(skip).fill("none"), fault, fault, fault, "none"] };
          const increment = () =>
            meta.update(userId, (m) => ({ private: { count: Number(m.private["count"] ?? 0) + 1 } }), {
              idempotencyKey: `${operation}-${fault.replace(" ", "-")}-${skip}`,
            });
          await increment().catch((error: { code?: string }) => {
            expect(["store_unavailable", "outcome_unknown"]).toContain(error.code);
          });
          faults = {};
          await increment();
          await increment();
          expect((await metaOf(direct()).get(userId)).private).toEqual({ count: counter });
        }
    const versions = (await direct().history(userId, { limit: 1000 })).map(({ version }) => version);
    expect(versions).toEqual(Array.from({ length: counter }, (_, i) => counter - i));
  });
});

it("takes the item that DynamoDB returns with a refusal", async () => {
  const client = clientOf(server.url);
  let reads = 0;
  let meanwhile: () => Promise<unknown> = async () => {};
  const send = async (command: Parameters<DynamoDBClient["send"]>[0], options?: object) => {
    if (command.constructor.name === "BatchGetItemCommand") reads++;
    if (command.constructor.name !== "PutItemCommand") return client.send(command, options);
    await meanwhile();
    try {
      return await client.send(command, options);
    } catch (error) {
      const { TableName, Item } = command.input as { TableName: string; Item: Record<string, never> };
      const Key = { pk: Item["pk"] as never, sk: Item["sk"] as never };
      const current = await client.send(new GetItemCommand({ TableName, Key, ConsistentRead: true }));
      throw Object.assign(error as ConditionalCheckFailedException, { Item: current.Item });
    }
  };
  const store = dynamodbStore({ client: Object.assign(Object.create(client) as DynamoDBClient, { send }) });
  await store.ping();
  const puts = [putOf(user()), putOf(user(), undefined, { digest: "digest" })] as const;
  meanwhile = async () => {
    meanwhile = async () => {};
    await direct().write([putOf(puts[0].next.userId), puts[1]]);
  };
  reads = 0;
  // Both wait for the other process: the second one's request goes out after it, too.
  const first = store.write([puts[0]]);
  expect(await first).toEqual(["conflict"]);
  expect(await store.write([puts[1]])).toEqual([{ duplicate: { version: 1, digest: "digest" } }]);
  expect(reads).toBe(2);
});

it("does not take another's first write for its own, although an attempt of its own stayed without an answer", async () => {
  const put = putOf(user(), undefined, { digest: "digest" });
  const other = putOf(put.next.userId, undefined, { id: put.change.id, digest: "digest" });
  const client = watched(clientOf(front.url), async ({ name }) => {
    if (name === "PutItem") await direct().write([other]);
  });
  faults = { PutItem: ["cut before", "none"] };
  expect(await dynamodbStore({ client }).write([put])).toEqual([{ duplicate: { version: 1, digest: "digest" } }]);
  expect(await direct().read([put.next.userId])).toEqual([other.next]);
});

it("loses none of 64 increments at once from 2 clients, of a new user", async () => {
  const userId = user();
  const metas = [metaOf(storeAt(server.url), 20_000), metaOf(storeAt(server.url), 20_000)] as const;
  const increment = (meta: UserMeta) =>
    meta.update(userId, (m) => ({ private: { count: Number(m.private["count"] ?? 0) + 1 } }));
  await Promise.all(Array.from({ length: 64 }, (_, i) => increment(metas[i % 2 ? 0 : 1])));
  expect(await metas[0].get(userId)).toMatchObject({ version: 64, private: { count: 64 } });
  expect((await direct().history(userId, { limit: 99 })).map(({ version }) => version)).toEqual(
    Array.from({ length: 64 }, (_, i) => 64 - i),
  );
});

it("writes one of the first writes of 2 clients, for 50 users", async () => {
  const [one, two] = [storeAt(server.url), storeAt(server.url)];
  const ids = Array.from({ length: 50 }, user);
  const results = await Promise.all([one, two].map((store) => store.write(ids.map((id) => putOf(id)))));
  for (const i of ids.keys())
    expect(new Set(results.map((result) => result[i]))).toEqual(new Set(["written", "conflict"]));
});

describe("a server", () => {
  it("that cannot be reached is told of at once, and writes nothing", async () => {
    const store = storeAt("http://127.0.0.1:1");
    const calls = [store.read(["bob"]), store.write([putOf("bob")]), store.erase("bob"), store.ping()];
    const begun = performance.now();
    const all = [...calls, store.list({ where: [], limit: 1 }), store.history("bob", { limit: 1 }), store.migrate()];
    for (const result of await Promise.allSettled(all))
      expect(result).toEqual({ status: "rejected", reason: unavailable });
    expect(performance.now() - begun).toBeLessThan(10_000);
  });

  it("is not waited for longer where the client has no timeouts of its own", async () => {
    const client = clientOf(server.url);
    let silence = false;
    const send = (command: Parameters<DynamoDBClient["send"]>[0], options?: object) =>
      silence ? new Promise(() => {}) : client.send(command, options);
    const store = dynamodbStore({ client: Object.assign(Object.create(client) as DynamoDBClient, { send }) });
    await store.ping();
    silence = true;
    const calls = [store.read(["bob"]), store.write([putOf("bob")]), store.history("bob", { limit: 1 })];
    for (const result of await Promise.allSettled(calls))
      expect(result).toEqual({ status: "rejected", reason: unavailable });
  });

  it("that freezes is told of within 2 seconds, and used again when it thaws", async () => {
    const stores = [direct(), dynamodbStore({ client: clientOf(server.url) })];
    const userId = user();
    const [put] = await steps(direct(), userId, 1);
    for (const store of stores) {
      await store.ping();
      await freeze(server.process.pid as number);
      const begun = performance.now();
      const calls = [
        store.read([userId]),
        store.write([putOf(userId)]),
        store.ping(),
        store.history(userId, { limit: 1 }),
      ];
      const all = [...calls, store.list({ where: [], limit: 1 }), store.erase(user())];
      const settled = await Promise.allSettled(all);
      expect(performance.now() - begun).toBeLessThan(patience);
      thaw(server.process.pid as number);
      const codes = settled.map((one) => one.status === "rejected" && (one.reason as { code: string }).code);
      expect(codes).toEqual([...Array(5).fill("store_unavailable"), "outcome_unknown"]);
      await expect.poll(() => store.ping().then(() => "up", String)).toBe("up");
      expect(await store.read([userId])).toEqual([put?.next]);
    }
  });

  it("that is killed and started again under load loses nothing acknowledged, and needs no restart of ours", {
    timeout: 60_000,
  }, async () => {
    const metas = [metaOf(direct()), metaOf(dynamodbStore({ client: clientOf(server.url) }))] as const;
    const ids = Array.from({ length: 16 }, user);
    const acknowledged = new Map(ids.map((id) => [id, [] as string[]]));
    const codes = new Set<string | undefined>();
    let stopping = false;
    let tries = 0;
    const writers = ids.flatMap((userId) =>
      metas.map(async (meta) => {
        while (!stopping) {
          const key = `k${++tries}`;
          try {
            await meta.update(userId, { private: { [key]: 1 } }, { idempotencyKey: key });
            acknowledged.get(userId)?.push(key);
          } catch (error) {
            codes.add((error as { code?: string }).code);
            await new Promise((resolve) => setTimeout(resolve, 50));
          }
        }
      }),
    );
    for (let kills = 0; kills < 3; kills++) {
      await new Promise((resolve) => setTimeout(resolve, 600));
      await server.restart(400);
    }
    await new Promise((resolve) => setTimeout(resolve, 600));
    stopping = true;
    await Promise.all(writers);
    for (const code of codes) expect(["store_unavailable", "outcome_unknown", "scope_too_large"]).toContain(code);
    for (const userId of ids) {
      const record = await metas[0].get(userId);
      const history = await direct().history(userId, { limit: 1000 });
      const keys = history.flatMap(({ json }) =>
        (JSON.parse(json ?? "") as { changes: { path: string }[] }).changes.map(({ path }) =>
          path.slice("/private/".length),
        ),
      );
      expect(history.map(({ version }) => version)).toEqual(history.map((_, i) => record.version - i));
      expect(history).toHaveLength(record.version);
      expect(new Set(keys).size).toBe(keys.length);
      expect(Object.keys(record.private)).toEqual(expect.arrayContaining(acknowledged.get(userId) ?? []));
      expect(Object.keys(record.private).length).toBe(record.version);
    }
  });
});
