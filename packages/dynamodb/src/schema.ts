import {
  CreateTableCommand,
  type CreateTableCommandInput,
  DescribeTableCommand,
  type DynamoDBClient,
  PutItemCommand,
  type TableDescription,
} from "@aws-sdk/client-dynamodb";
import { invalidConfig, UserMetaError } from "@usermeta/core";
import { explained, getItems, type Target, timely } from "./request.ts";

/** The schema that this version reads and writes. */
const schema = 1;

/** The index that `list` goes by: the user ids of a namespace. Writes after a user's first change nothing in it. */
export const usersIndex = "usermeta_users";

/** The table, as CreateTable takes it. */
export const tableInput = (table: string): CreateTableCommandInput => ({
  TableName: table,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [
    { AttributeName: "pk", AttributeType: "B" },
    { AttributeName: "sk", AttributeType: "S" },
    { AttributeName: "namespace", AttributeType: "B" },
  ],
  KeySchema: [
    { AttributeName: "pk", KeyType: "HASH" },
    { AttributeName: "sk", KeyType: "RANGE" },
  ],
  GlobalSecondaryIndexes: [
    {
      IndexName: usersIndex,
      KeySchema: [
        { AttributeName: "namespace", KeyType: "HASH" },
        { AttributeName: "pk", KeyType: "RANGE" },
      ],
      Projection: { ProjectionType: "KEYS_ONLY" },
    },
  ],
});

/** Where the schema's version is kept. No user has this key: user ids are not empty. */
const schemaKey = { pk: { B: Buffer.of(0) }, sk: { S: "schema" } };

/** Throws `invalid_config` when the table is missing or has a newer schema. One that tells no version has the first. */
export async function checkSchema(target: Target): Promise<void> {
  const [item] = await getItems(target, [schemaKey]);
  const version = Number(item?.["version"]?.N ?? 1);
  if (version > schema)
    throw invalidConfig(
      `the table ${target.table} has schema ${version} and this version knows ${schema}: update @usermeta/dynamodb`,
    );
}

/** Milliseconds to wait for a table to become active, and between looks. */
const [patience, interval] = [60_000, 250];

/**
 * Creates the table where it is missing and waits until it is active. Resolves to what was sent, as JSON text; with
 * `dryRun` to what would be. Safe when several processes do so at once.
 */
export async function migrate(
  client: Pick<DynamoDBClient, "send">,
  table: string,
  dryRun: boolean,
): Promise<readonly string[]> {
  try {
    const input = tableInput(table);
    const existing = await describe(client, table);
    const statements = existing === undefined ? [JSON.stringify(input)] : [];
    if (existing !== undefined) checkKeys(existing, table);
    if (dryRun) return statements;
    if (existing === undefined) await create(client, input);
    await untilActive(client, table);
    await writeVersion(client, table);
    await timely(table, (signal) => checkSchema({ client, table, signal }));
    return statements;
  } catch (error) {
    throw explained(error, table);
  }
}

async function create(client: Pick<DynamoDBClient, "send">, input: CreateTableCommandInput): Promise<void> {
  try {
    await client.send(new CreateTableCommand(input));
  } catch (error) {
    // another process came first
    if ((error as Error).name !== "ResourceInUseException") throw error;
  }
}

/** Never lowers it: a newer version may have come first. */
async function writeVersion(client: Pick<DynamoDBClient, "send">, table: string): Promise<void> {
  const command = new PutItemCommand({
    TableName: table,
    Item: { ...schemaKey, version: { N: String(schema) } },
    ConditionExpression: "attribute_not_exists(pk) OR #version < :version",
    ExpressionAttributeNames: { "#version": "version" },
    ExpressionAttributeValues: { ":version": { N: String(schema) } },
  });
  try {
    await client.send(command, { abortSignal: AbortSignal.timeout(interval * 40) });
  } catch (error) {
    if ((error as Error).name !== "ConditionalCheckFailedException") throw error;
  }
}

async function untilActive(client: Pick<DynamoDBClient, "send">, table: string): Promise<void> {
  for (const end = performance.now() + patience; ; ) {
    const found = await describe(client, table);
    if (found?.TableStatus === "ACTIVE") return checkKeys(found, table);
    if (performance.now() > end)
      throw new UserMetaError("store_unavailable", `the table ${table} is not active yet: run migrate() again`);
    await new Promise((resolve) => setTimeout(resolve, interval));
  }
}

async function describe(client: Pick<DynamoDBClient, "send">, table: string): Promise<TableDescription | undefined> {
  try {
    const answer = await client.send(new DescribeTableCommand({ TableName: table }), {
      abortSignal: AbortSignal.timeout(10_000),
    });
    return answer.Table;
  } catch (error) {
    if ((error as Error).name === "ResourceNotFoundException") return undefined;
    throw error;
  }
}

/** Throws `invalid_config` for a table that is not the store's. */
function checkKeys(found: TableDescription, table: string): void {
  const wanted = tableInput(table);
  const index = found.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === usersIndex);
  const keysOf = (keys: CreateTableCommandInput["KeySchema"], types: CreateTableCommandInput["AttributeDefinitions"]) =>
    keys?.map(({ AttributeName: name, KeyType }) => {
      const type = types?.find(({ AttributeName }) => AttributeName === name)?.AttributeType;
      return `${name} ${type} ${KeyType}`;
    });
  const actual = [found.KeySchema, index?.KeySchema].map((keys) => keysOf(keys, found.AttributeDefinitions));
  const expected = [wanted.KeySchema, wanted.GlobalSecondaryIndexes?.[0]?.KeySchema].map((keys) =>
    keysOf(keys, wanted.AttributeDefinitions),
  );
  if (JSON.stringify(actual) !== JSON.stringify(expected))
    throw invalidConfig(
      `the table ${table} exists and has other keys or lacks the index ${usersIndex}: give the store a table of its own`,
    );
}
