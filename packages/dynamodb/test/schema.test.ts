import {
  CreateTableCommand,
  type CreateTableCommandInput,
  ListTablesCommand,
  PutItemCommand,
} from "@aws-sdk/client-dynamodb";
import { dynamodbStore } from "@usermeta/dynamodb";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dynamodb, type Server } from "../../../test/servers.ts";
import { clientOf, putOf } from "./samples.ts";

let server: Server;
let client: ReturnType<typeof clientOf>;
beforeAll(async () => {
  server = await dynamodb();
  client = clientOf(server.url);
});
afterAll(async () => {
  client.destroy();
  await server.stop();
});
const tables = async () => (await client.send(new ListTablesCommand({}))).TableNames;
const refusal = (message: RegExp) =>
  expect.objectContaining({ code: "invalid_config", message: expect.stringMatching(message) as string });

it("tells in a dry run what it would send, and sends nothing", async () => {
  const store = dynamodbStore({ client, table: "dry" });
  const [input, ...others] = await store.migrate({ dryRun: true });
  expect(others).toEqual([]);
  expect(await tables()).not.toContain("dry");
  await client.send(new CreateTableCommand(JSON.parse(input ?? "") as CreateTableCommandInput));
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
  expect(await store.migrate({ dryRun: true })).toEqual([]);
});

it("lets 8 processes do it at once, and again, keeping what is there", async () => {
  const stores = Array.from({ length: 8 }, () => dynamodbStore({ client, table: "often" }));
  const sent = await Promise.all(stores.map((store) => store.migrate()));
  expect(sent.some((statements) => statements.length === 1)).toBe(true);
  const put = putOf("bob");
  expect(await stores[0]?.write([put])).toEqual(["written"]);
  expect(await stores[1]?.migrate()).toEqual([]);
  expect(await stores[2]?.read(["bob"])).toEqual([put.next]);
});

it("says to migrate where there is no table, and works once there is", async () => {
  const store = dynamodbStore({ client, table: "missing" });
  const calls = [store.read(["bob"]), store.write([putOf("bob")]), store.erase("bob"), store.ping()];
  for (const call of [...calls, store.list({ where: [], limit: 1 }), store.history("bob", { limit: 1 })])
    await expect(call).rejects.toEqual(refusal(/table missing .*does not exist: run migrate\(\)/));
  await store.migrate();
  expect(await store.write([putOf("bob")])).toEqual(["written"]);
});

it("refuses a table with a newer schema", async () => {
  const store = dynamodbStore({ client, table: "newer" });
  await store.migrate();
  const key = { pk: { B: Buffer.of(0) }, sk: { S: "schema" } };
  await client.send(new PutItemCommand({ TableName: "newer", Item: { ...key, version: { N: "2" } } }));
  const message = /newer has schema 2 and this version knows 1: update @usermeta\/dynamodb/;
  await expect(store.migrate()).rejects.toEqual(refusal(message));
  await expect(dynamodbStore({ client, table: "newer" }).read(["bob"])).rejects.toEqual(refusal(message));
});

it("refuses a table that is somebody else's", async () => {
  await client.send(
    new CreateTableCommand({
      TableName: "other",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    }),
  );
  for (const dryRun of [true, false])
    await expect(dynamodbStore({ client, table: "other" }).migrate({ dryRun })).rejects.toEqual(
      refusal(/other exists and has other keys/),
    );
});
