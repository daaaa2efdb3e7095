import { BatchWriteItemCommand, type BatchWriteItemCommandInput, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { type DynamodbOptions, dynamodbStore } from "@usermeta/dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynamodb, type Server } from "../../../test/servers.ts";
import { clientOf, counted, itemsOf, putOf, type Sent, steps, storeAt, watched } from "./samples.ts";

let server: Server;
let client: DynamoDBClient;
beforeAll(async () => {
  server = await dynamodb();
  client = clientOf(server.url);
  await dynamodbStore({ client }).migrate();
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});
let users = 0;
const user = () => `user${++users}`;

describe("opening", () => {
  it.each<[string, DynamodbOptions, RegExp]>([
    ["no client", {} as DynamodbOptions, /client must be a DynamoDBClient/],
    [
      "a table's name that DynamoDB does not allow",
      { client: new DynamoDBClient(), table: "ab" },
      /table must be 3 to/,
    ],
    ["a namespace that is no text", { client: new DynamoDBClient(), namespace: "\ud800" }, /namespace must be/],
    ["a long namespace", { client: new DynamoDBClient(), namespace: "é".repeat(128) }, /at most 255 bytes/],
  ])("refuses %s", (_, options, message) => {
    expect(() => dynamodbStore(options)).toThrow(expect.objectContaining({ code: "invalid_config" }));
    expect(() => dynamodbStore(options)).toThrow(message);
  });

  it.each([
    "",
    "usermeta",
    "dynamodb:usermeta",
    "dynamodb://eu-central-1",
    "dynamodb://eu-central-1/ab",
    "dynamodb://eu-central-1/a/b",
    "dynamodb://eu-central-1/usermeta/",
    "dynamodb:///usermeta",
    "dynamodb://key:secret@eu-central-1/usermeta",
    "dynamodb://eu-central-1:8000/usermeta",
    "dynamodb://eu-central-1/usermeta?endpoint=127.0.0.1:8000",
    "dynamodb://eu-central-1/usermeta?endpoints=http://127.0.0.1:8000",
    "dynamodb://eu-central-1/usermeta#a",
    "https://eu-central-1/usermeta",
  ])("refuses the URL %s", (url) => {
    expect(() => dynamodbStore(url)).toThrow(expect.objectContaining({ code: "invalid_config" }));
  });

  it("leaves the application's client open, and closes its own", async () => {
    const store = dynamodbStore({ client });
    await store.close();
    await expect(store.ping()).rejects.toMatchObject({ code: "store_unavailable" });
    await dynamodbStore({ client }).ping();
    const own = storeAt(server.url);
    await own.ping();
    await own.close();
    await expect(own.ping()).rejects.toMatchObject({ code: "store_unavailable" });
  });

  it("keeps apart namespaces and users whose names are equal when joined", async () => {
    const [first, second] = ["a", "ab"].map((namespace) => dynamodbStore({ client, namespace }));
    const puts = [putOf("bc"), putOf("c")];
    expect([await first?.write([putOf("bc")]), await second?.write(puts)]).toEqual([
      ["written"],
      ["written", "written"],
    ]);
    expect((await second?.list({ where: [], limit: 9 }))?.map(({ userId }) => userId)).toEqual(["bc", "c"]);
    expect((await first?.list({ where: [], limit: 9 }))?.map(({ userId }) => userId)).toEqual(["bc"]);
  });
});

describe("round trips", () => {
  it("are one for a read of 100 users and two for a write of 100 puts, whatever the history", async () => {
    const counter = counted(client);
    const store = dynamodbStore({ client: counter.client });
    await store.ping();
    const ids = Array.from({ length: 100 }, user);
    let latest: readonly ReturnType<typeof putOf>[] = ids.map((id) => putOf(id));
    const write = async () => {
      counter.take();
      expect(new Set(await store.write(latest))).toEqual(new Set(["written"]));
      latest = latest.map(({ next }) => putOf(next.userId, next));
      return counter.take();
    };
    expect(await write()).toEqual({ trips: 2, commands: { BatchGetItem: 1, PutItem: 100 } });
    expect(await write()).toEqual({ trips: 2, commands: { BatchGetItem: 1, PutItem: 100, BatchWriteItem: 4 } });
    for (let version = 3; version < 16; version++)
      expect(await write()).toEqual({ trips: 2, commands: { BatchGetItem: 2, PutItem: 100, BatchWriteItem: 4 } });
    const sweeping = { BatchGetItem: 2, Query: 100, PutItem: 100, BatchWriteItem: 4 };
    expect(await write()).toEqual({ trips: 2, commands: sweeping });
    await store.read(ids);
    expect(counter.take()).toEqual({ trips: 1, commands: { BatchGetItem: 1 } });
  });

  it("are one more for the first operation, which looks at the schema", async () => {
    const counter = counted(client);
    const store = dynamodbStore({ client: counter.client });
    await store.read([user()]);
    expect(counter.take().trips).toBe(2);
    await store.read([user()]);
    expect(counter.take().trips).toBe(1);
  });

  it("fetch what DynamoDB leaves out of a large answer", async () => {
    const store = dynamodbStore({ client });
    const puts = Array.from({ length: 20 }, () => putOf(user(), undefined, { json: `{"a":"${"x".repeat(200_000)}"}` }));
    expect(new Set(await store.write(puts))).toEqual(new Set(["written"]));
    expect(await store.read(puts.map(({ next }) => next.userId))).toEqual(puts.map(({ next }) => next));
  });
});

describe("the change log", () => {
  it("misses no entry when none can be copied for a while, and then goes on", async () => {
    let failing = 0;
    const faulty = watched(client, ({ name }) => {
      if (name === "BatchWriteItem" && failing-- > 0) throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
    });
    const store = dynamodbStore({ client: faulty });
    const userId = user();
    const puts = await steps(store, userId, 5);
    failing = 1; // the copy of 5, beside the write of 6
    puts.push(...(await steps(store, userId, 1)));
    failing = 1; // 5 again, before the write of 7
    const [latest] = await store.read([userId]);
    await expect(store.write([putOf(userId, latest)])).rejects.toMatchObject({ code: "store_unavailable" });
    puts.push(...(await steps(store, userId, 4)));
    const changes = puts.map(({ change }) => change).reverse();
    expect(await store.history(userId, { limit: 100 })).toEqual(changes);
    expect(await store.history(userId, { before: 9, limit: 5 })).toEqual(changes.slice(2, 7));
  });

  it("copies the missing entry first, in a third round trip", async () => {
    let failing = false;
    const faulty = watched(client, ({ name }) => {
      if (failing && name === "BatchWriteItem") throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
    });
    const userId = user();
    await steps(dynamodbStore({ client }), userId, 2);
    failing = true;
    await steps(dynamodbStore({ client: faulty }), userId, 1);
    const counter = counted(client);
    const store = dynamodbStore({ client: counter.client });
    await store.ping();
    const [latest] = await store.read([userId]);
    counter.take();
    await store.write([putOf(userId, latest)]);
    expect(counter.take()).toEqual({ trips: 3, commands: { BatchGetItem: 1, BatchWriteItem: 2, PutItem: 1 } });
    expect((await store.history(userId, { limit: 9 })).map(({ version }) => version)).toEqual([4, 3, 2, 1]);
  });

  it("deletes the items of trimmed entries every 16 writes", async () => {
    const store = dynamodbStore({ client });
    const userId = user();
    await steps(store, userId, 40);
    expect(await itemsOf(client, userId)).toHaveLength(40);
    await steps(store, userId, 8, { entries: 5 });
    expect((await store.history(userId, { limit: 100 })).map(({ version }) => version)).toEqual([48, 47, 46, 45, 44]);
    await steps(store, userId, 32, { entries: 5 });
    expect((await itemsOf(client, userId)).length).toBeLessThan(2 + 5 + 16);
    await steps(store, userId, 32, { at: 1_700_000_000_500, since: 1_700_000_000_500, change: null });
    expect(await itemsOf(client, userId)).toEqual(["record"]);
  });

  it("goes on when a clock that was ahead is set right", async () => {
    const store = dynamodbStore({ client });
    const userId = user();
    const [now, day] = [1_700_000_000_000, 86_400_000];
    await steps(store, userId, 4, { at: now, since: now - day });
    await steps(store, userId, 1, { at: now + 9 * day, since: now + 8 * day });
    await steps(store, userId, 20, { at: now + 1, since: now + 1 - day });
    const versions = (await store.history(userId, { limit: 99 })).map(({ version }) => version);
    expect(versions).toEqual(Array.from({ length: 21 }, (_, i) => 25 - i));
  });

  it("goes on beyond one page of DynamoDB, with large entries", async () => {
    const store = dynamodbStore({ client });
    const userId = user();
    const puts = await steps(store, userId, 80, { change: `{"a":"${"x".repeat(16_000)}"}` });
    const found = await store.history(userId, { limit: 1000 });
    expect(found).toEqual(puts.map(({ change }) => change).reverse());
  });
});

it("keeps the largest record beside the longest change ids and entries", async () => {
  const store = dynamodbStore({ client });
  const userId = user();
  const longest = () => ({
    id: `${++users}`.padStart(64, "i"),
    digest: "d".repeat(64),
    change: `{"a":"${"x".repeat(16_376)}"}`,
  });
  for (let i = 0; i < 258; i++) await steps(store, userId, 1, longest());
  const json = `{"a":"${"x".repeat(store.maxRecordBytes - 12)}"}`;
  const [put] = await steps(store, userId, 1, { ...longest(), json });
  expect(await store.read([userId])).toEqual([put?.next]);
});

describe("erasing", () => {
  it("leaves nothing of a user behind, however long the log", async () => {
    const store = dynamodbStore({ client });
    const userId = user();
    await steps(store, userId, 60);
    expect(await itemsOf(client, userId)).toHaveLength(60);
    await store.erase(userId);
    expect(await itemsOf(client, userId)).toEqual([]);
  });

  it("deletes what DynamoDB leaves undone of a batch", async () => {
    const userId = user();
    await steps(dynamodbStore({ client }), userId, 30);
    const send = async (command: Parameters<DynamoDBClient["send"]>[0], options?: object) => {
      const [table, requests = []] =
        Object.entries((command.input as BatchWriteItemCommandInput).RequestItems ?? {})[0] ?? [];
      if (!(command instanceof BatchWriteItemCommand) || table === undefined) return client.send(command, options);
      const [now, later] = [requests.slice(0, 10), requests.slice(10)];
      await client.send(new BatchWriteItemCommand({ RequestItems: { [table]: now } }));
      return { UnprocessedItems: later.length > 0 ? { [table]: later } : {} };
    };
    await dynamodbStore({ client: Object.assign(Object.create(client) as DynamoDBClient, { send }) }).erase(userId);
    expect(await itemsOf(client, userId)).toEqual([]);
  });

  it("leaves nothing behind when another process is in the middle of a write", async () => {
    const store = dynamodbStore({ client });
    const userId = user();
    const [put] = await steps(store, userId, 1);
    let erased: Promise<void> | undefined;
    const late = watched(client, async ({ name }) => {
      if (name !== "PutItem" && name !== "BatchWriteItem") return;
      erased ??= store.erase(userId);
      await erased;
    });
    expect(await dynamodbStore({ client: late }).write([putOf(userId, put?.next)])).toEqual(["conflict"]);
    expect(await itemsOf(client, userId)).toEqual([]);
  });

  it("says that it may be done in part when it fails on the way", async () => {
    const userId = user();
    await steps(dynamodbStore({ client }), userId, 3);
    const faulty = watched(client, ({ name }) => {
      if (name === "Query") throw Object.assign(new Error("gone"), { code: "ECONNRESET" });
    });
    await expect(dynamodbStore({ client: faulty }).erase(userId)).rejects.toMatchObject({ code: "outcome_unknown" });
    const store = dynamodbStore({ client });
    expect([await store.read([userId]), await store.history(userId, { limit: 9 })]).toEqual([[undefined], []]);
    await store.erase(userId);
    expect(await itemsOf(client, userId)).toEqual([]);
  });
});

describe("list", () => {
  it("fills its pages although the index still knows users who are erased", async () => {
    const namespace = "late";
    const store = dynamodbStore({ client, namespace });
    await store.write(["a", "b", "c", "d", "e"].map((id) => putOf(id)));
    const erased = ["b", "c"];
    const late = watched(client, async ({ name, input }) => {
      if (name === "BatchGetItem" && JSON.stringify(input).includes("#public"))
        for (const id of erased.splice(0)) await store.erase(id);
    });
    const page = await dynamodbStore({ client: late, namespace }).list({ where: [], limit: 3 });
    expect(page.map(({ userId }) => userId)).toEqual(["a", "d", "e"]);
  });

  it("does not search", async () => {
    const where = [{ scope: "public", path: ["plan"], op: "in", values: ["pro"] }] as const;
    const calls: Sent[] = [];
    const store = dynamodbStore({ client: watched(client, (sent) => void calls.push(sent)) });
    await expect(store.list({ where, limit: 1 })).rejects.toMatchObject({ code: "not_supported" });
    expect(calls).toEqual([]);
  });
});
