import { CreateTableCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { openStore } from "usermeta";
import { dynamodb as startServer } from "../../servers.ts";
import type { Database } from "./database.ts";

const TableName = "rival";

/** DynamoDB's emulator, which runs in this process: its CPU time is counted too. */
export const dynamodb: Database = {
  name: "DynamoDB (dynalite)",
  users: 500,
  start: async () => {
    const server = await startServer();
    const client = new DynamoDBClient({
      region: "eu-central-1",
      endpoint: server.url,
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      requestHandler: { httpAgent: { maxSockets: 128 } },
    });
    await client.send(
      new CreateTableCommand({
        TableName,
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        BillingMode: "PAY_PER_REQUEST",
      }),
    );
    const store = await openStore(`dynamodb://eu-central-1/usermeta?endpoint=${server.url}`);
    const write = (userId: string, json: string): Promise<unknown> =>
      client.send(new PutItemCommand({ TableName, Item: { id: { S: userId }, json: { S: json } } }));
    return {
      label: "DynamoDB's emulator dynalite, in the process of the benchmark",
      store,
      rival: {
        reading: "`GetItem`, consistent",
        writing: "`PutItem`",
        fill: async (rows) => {
          for (const row of rows) await write(...row);
        },
        read: async (userId) => {
          const command = new GetItemCommand({ TableName, Key: { id: { S: userId } }, ConsistentRead: true });
          return (await client.send(command)).Item?.["json"]?.S ?? "";
        },
        write,
      },
      stop: async () => {
        await store.close();
        client.destroy();
        await server.stop();
      },
    };
  },
};
