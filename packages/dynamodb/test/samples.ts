import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { type AttributeValue, DynamoDBClient, QueryCommand } from "@aws-sdk/client-dynamodb";
import type { Put, StoredRecord } from "@usermeta/core";
import { type DynamodbStore, dynamodbStore } from "@usermeta/dynamodb";
import { afterAll } from "vitest";

/** What makes a put differ from the usual one. */
export interface Parts {
  readonly json?: string;
  readonly id?: string;
  readonly digest?: string;
  readonly at?: number;
  readonly change?: string | null;
  readonly entries?: number;
  readonly since?: number;
}

/** The put that makes of `latest` the next version. */
export function putOf(userId: string, latest?: StoredRecord, parts: Parts = {}): Put {
  const { json = '{"plan":"pro"}', id = randomUUID(), digest = "", at = 1_700_000_000_000, change = "{}" } = parts;
  const { entries = 1000, since = 0 } = parts;
  const version = (latest?.version ?? 0) + 1;
  const unwritten = { json: "{}", version: 0, updatedAt: 0 };
  return {
    next: {
      userId,
      incarnation: latest?.incarnation ?? randomBytes(8).toString("hex"),
      version,
      createdAt: at,
      public: { json, version, updatedAt: at },
      private: unwritten,
      unsafe: unwritten,
    },
    expected: latest,
    change: { id, version, at, digest, json: change },
    retention: { entries, since },
  };
}

/** Writes the next versions of a user one after another, and gives the puts. */
export async function steps(store: DynamodbStore, userId: string, count: number, parts: Parts = {}): Promise<Put[]> {
  let [latest] = await store.read([userId]);
  const puts: Put[] = [];
  for (let i = 0; i < count; i++) {
    const put = putOf(userId, latest, parts);
    const [result] = await store.write([put]);
    if (result !== "written") throw new Error(`write ${i} of ${userId}: ${JSON.stringify(result)}`);
    puts.push(put);
    latest = put.next;
  }
  return puts;
}

/** An emulator in a process of its own that keeps its tables when it is killed and started again. */
export interface Emulator {
  readonly url: string;
  readonly process: ChildProcess;
  /** Kills it at once, and starts it again on its port and files after some milliseconds. */
  restart(after: number): Promise<void>;
}

const script = fileURLToPath(new URL("emulator.ts", import.meta.url));

/** Starts an emulator that ends after the tests. */
export async function emulator(): Promise<Emulator> {
  const directory = mkdtempSync(join(tmpdir(), "usermeta-dynamodb-"));
  let port = "0";
  let child: ChildProcess;
  async function start(): Promise<void> {
    child = spawn(process.execPath, [script, port, directory], { stdio: ["pipe", "pipe", "inherit"] });
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      port = line.slice("port ".length);
      return;
    }
  }
  async function kill(): Promise<void> {
    child.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  }
  await start();
  afterAll(async () => {
    await kill();
    rmSync(directory, { recursive: true });
  });
  return {
    get url() {
      return `http://127.0.0.1:${port}`;
    },
    get process() {
      return child;
    },
    restart: async (after) => {
      await kill();
      await new Promise((resolve) => setTimeout(resolve, after));
      await start();
    },
  };
}

/** A client of an emulator, with the SDK's own defaults. */
export const clientOf = (endpoint: string, maxAttempts?: number): DynamoDBClient =>
  new DynamoDBClient({
    region: "eu-central-1",
    endpoint,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
    ...(maxAttempts !== undefined && { maxAttempts }),
  });

/** A store with the client that its URL form makes. */
export const storeAt = (endpoint: string, table = "usermeta"): DynamodbStore =>
  dynamodbStore(`dynamodb://eu-central-1/${table}?endpoint=${endpoint}`);

/** A command as a client gets it. */
export interface Sent {
  readonly name: string;
  readonly input: Record<string, unknown>;
}

/** A client that tells of every command; the listener may answer in its place by throwing. */
export function watched(client: DynamoDBClient, listen: (sent: Sent) => void | Promise<void>): DynamoDBClient {
  const send = async (command: Parameters<DynamoDBClient["send"]>[0], options?: object) => {
    await listen({ name: command.constructor.name.replace("Command", ""), input: { ...command.input } });
    return client.send(command, options);
  };
  return Object.assign(Object.create(client) as DynamoDBClient, { send });
}

/** Counts commands, and the round trips they make: those in flight at the same time are one. */
export function counted(client: DynamoDBClient): {
  readonly client: DynamoDBClient;
  take(): { readonly trips: number; readonly commands: Record<string, number> };
} {
  let [trips, inFlight] = [0, 0];
  let commands: Record<string, number> = {};
  const send = async (command: Parameters<DynamoDBClient["send"]>[0], options?: object) => {
    const name = command.constructor.name.replace("Command", "");
    commands[name] = (commands[name] ?? 0) + 1;
    if (inFlight++ === 0) trips++;
    try {
      return await client.send(command, options);
    } finally {
      inFlight--;
    }
  };
  return {
    client: Object.assign(Object.create(client) as DynamoDBClient, { send }),
    take: () => {
      const result = { trips, commands };
      [trips, commands] = [0, {}];
      return result;
    },
  };
}

/** What a proxy does with a request: `cut` ends the connection, `swallow` never answers; before or after the server got it. */
export type Fault =
  | "none"
  | "cut before"
  | "cut after"
  | "swallow before"
  | "swallow after"
  | "garble"
  | "throttle"
  | "fail after";

/** An HTTP proxy before an emulator that does to each request what `faultOf` says of its operation, e.g. `"PutItem"`. */
export async function proxy(
  target: () => string,
  faultOf: (operation: string) => Fault,
): Promise<{ readonly url: string }> {
  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const body = Buffer.concat(await incoming.toArray());
    const fault = faultOf(String(incoming.headers["x-amz-target"]).replace(/^.*\./, ""));
    if (fault === "cut before") incoming.socket.destroy();
    if (fault === "cut before" || fault === "swallow before") return;
    if (fault === "throttle") {
      const type = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
      outgoing.writeHead(400, { "content-type": "application/x-amz-json-1.0" }).end(JSON.stringify({ __type: type }));
      return;
    }
    const { method = "POST", url = "/", headers } = incoming;
    const onward = request(new URL(url, target()), { method, headers, agent: false }).end(body);
    const [answer] = (await once(onward, "response")) as [IncomingMessage];
    const content = Buffer.concat(await answer.toArray());
    if (fault === "cut after") incoming.socket.destroy();
    if (fault === "cut after" || fault === "swallow after") return;
    if (fault === "garble") outgoing.writeHead(200).end("<html>");
    else if (fault === "fail after") outgoing.writeHead(500).end("{}");
    else outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(content);
  }
  const server = createServer((incoming, outgoing) => {
    serve(incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** The sort keys of all items of a user in the namespace "". */
export async function itemsOf(client: DynamoDBClient, userId: string, table = "usermeta"): Promise<string[]> {
  const sorts: string[] = [];
  let start: Record<string, AttributeValue> | undefined;
  do {
    const page = await client.send(
      new QueryCommand({
        TableName: table,
        KeyConditionExpression: "pk = :user",
        ExpressionAttributeValues: { ":user": { B: Buffer.from(`\0${userId}`) } },
        ExclusiveStartKey: start,
      }),
    );
    sorts.push(...(page.Items ?? []).map((item) => item["sk"]?.S ?? ""));
    start = page.LastEvaluatedKey;
  } while (start !== undefined);
  return sorts;
}
