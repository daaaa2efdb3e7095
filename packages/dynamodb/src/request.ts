import {
  type $Command,
  type AttributeValue,
  BatchGetItemCommand,
  BatchWriteItemCommand,
  type DeleteItemCommandOutput,
  DynamoDBClient,
  type PutItemCommandOutput,
  QueryCommand,
  type QueryCommandInput,
  type WriteRequest,
} from "@aws-sdk/client-dynamodb";
import { invalidConfig, UserMetaError } from "@usermeta/core";
import { type Item, recordProjection } from "./item.ts";

/** Where requests go, and until when they are waited for. */
export interface Target {
  readonly client: Pick<DynamoDBClient, "send">;
  readonly table: string;
  readonly signal: AbortSignal;
}

/** Milliseconds an operation waits for DynamoDB altogether: it must answer before core gives up after 2,000. */
const patience = 1_500;

/**
 * Opens `dynamodb://<region>/<table>?endpoint=<URL>`. Credentials come from where the SDK finds them; an endpoint on http:
 * is an emulator and gets made-up ones. Throws `invalid_config`.
 */
export function openUrl(address: string): { client: DynamoDBClient; table: string } {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const table = url?.pathname.slice(1) ?? "";
  const endpoint = url?.searchParams.get("endpoint") ?? undefined;
  const known = [...(url?.searchParams.keys() ?? [])].every((name) => name === "endpoint");
  const bare = `dynamodb://${url?.hostname}/${table}${url?.search}` === url?.href;
  const region = url?.protocol === "dynamodb:" && known && bare ? url.hostname : "";
  if (!/^[a-z0-9-]+$/.test(region) || !isTableName(table) || (endpoint !== undefined && !/^https?:\/\//.test(endpoint)))
    throw invalidConfig("dynamodbStore needs dynamodb://<region>/<table>, with ?endpoint=<URL> for an emulator");
  const client = new DynamoDBClient({
    region,
    maxAttempts: 3,
    requestHandler: {
      connectionTimeout: 500,
      requestTimeout: 700,
      throwOnRequestTimeout: true,
      httpAgent: { maxSockets: 128 },
      httpsAgent: { maxSockets: 128 },
    },
    ...(endpoint !== undefined && { endpoint }),
    ...(endpoint?.startsWith("http:") && { credentials: { accessKeyId: "local", secretAccessKey: "local" } }),
  });
  return { client, table };
}

/** Whether DynamoDB allows this name for a table. */
export const isTableName = (name: string): boolean => /^[\w.-]{3,255}$/.test(name);

/** Runs an operation with a signal that ends its patience, and turns the SDK's errors into the store's. */
export async function timely<T>(
  table: string,
  operation: (signal: AbortSignal) => Promise<T>,
  milliseconds: number = patience,
): Promise<T> {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException("DynamoDB did not answer in time", "TimeoutError")),
    milliseconds,
  );
  try {
    return await operation(controller.signal);
  } catch (error) {
    throw explained(error, table);
  } finally {
    clearTimeout(timer);
  }
}

/** The answer, or a rejection as soon as the signal says so: whatever the client's own timeouts are. */
export function answerOf<T>({ signal }: Target, sending: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    sending.then(resolve, reject);
  });
}

/** The items of these keys, in no order; consistent. */
export async function getItems(target: Target, keys: readonly Item[], projected = false): Promise<readonly Item[]> {
  const pages = await Promise.all(
    portions(keys, 100).map(async (portion) => {
      const items: Item[] = [];
      for (let left = portion; left.length > 0; ) {
        const request = { Keys: left, ConsistentRead: true, ...(projected && recordProjection) };
        const command = new BatchGetItemCommand({ RequestItems: { [target.table]: request } });
        const page = await answerOf(target, target.client.send(command, { abortSignal: target.signal }));
        const found = page.Responses?.[target.table] ?? [];
        items.push(...found);
        left = page.UnprocessedKeys?.[target.table]?.Keys ?? [];
        if (found.length === 0 && left.length > 0) await pause();
      }
      return items;
    }),
  );
  return pages.flat();
}

/** Puts and deletes items without conditions. A rejection leaves open which were. */
export async function writeItems(target: Target, requests: readonly WriteRequest[]): Promise<void> {
  await Promise.all(
    portions(requests, 25).map(async (portion) => {
      for (let left = portion; left.length > 0; ) {
        const command = new BatchWriteItemCommand({ RequestItems: { [target.table]: left } });
        const answer = await answerOf(target, target.client.send(command, { abortSignal: target.signal }));
        left = answer.UnprocessedItems?.[target.table] ?? [];
        if (left.length > 0) await pause();
      }
    }),
  );
}

/** One page of a query. */
export async function queryItems(
  target: Target,
  query: Omit<QueryCommandInput, "TableName">,
): Promise<{ readonly items: readonly Item[]; readonly end: Record<string, AttributeValue> | undefined }> {
  const command = new QueryCommand({ TableName: target.table, ...query });
  const page = await answerOf(target, target.client.send(command, { abortSignal: target.signal }));
  return { items: page.Items ?? [], end: page.LastEvaluatedKey };
}

function portions<T>(all: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 10 + Math.random() * 40));

interface Failure {
  readonly name?: string;
  readonly code?: unknown;
  readonly syscall?: string;
  readonly errors?: readonly unknown[];
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: unknown;
}

/** Counts the attempts of a command, the SDK's own retries included, that may have been carried out without an answer. */
export function countDoubts<Input extends object, Output extends PutItemCommandOutput | DeleteItemCommandOutput>({
  middlewareStack,
}: Pick<$Command<Input, Output, object>, "middlewareStack">): () => number {
  let doubts = 0;
  middlewareStack.add(
    (next) => async (args) => {
      doubts++;
      try {
        return await next(args);
      } catch (error) {
        if (isRefused(error as Failure)) doubts--;
        throw error;
      }
    },
    { step: "finalizeRequest", priority: "low", name: "usermetaDoubts" },
  );
  return () => doubts;
}

/** Whether an attempt has certainly changed nothing: DynamoDB said no, or was never connected to. */
function isRefused({ $metadata, syscall, errors }: Failure): boolean {
  if (errors !== undefined) return errors.every((error) => isRefused(error as Failure)); // one of each address of a name
  const status = $metadata?.httpStatusCode ?? 0;
  return (status >= 400 && status < 500) || syscall === "connect" || syscall === "getaddrinfo";
}

/** Refusals that pass by themselves. */
const passing: readonly (string | undefined)[] = [
  "ProvisionedThroughputExceededException",
  "ThrottlingException",
  "RequestLimitExceeded",
  "ReplicatedWriteConflictException",
  "TransactionConflictException",
  "TimeoutError",
  "AbortError",
  "CredentialsProviderError",
];

function isOutOfReach({ name, code, $metadata, $response }: Failure): boolean {
  const status = $metadata?.httpStatusCode ?? 0;
  if (passing.includes(name) || status >= 500) return true;
  if (status >= 400) return false;
  return $response !== undefined || (typeof code === "string" && !code.startsWith("ERR_"));
}

/** What the store throws for an error of the SDK; a bug stays as it is. */
export function explained(error: unknown, table: string): unknown {
  if (error instanceof UserMetaError) return error;
  const failure = error as Failure;
  if (failure.name === "ResourceNotFoundException")
    return invalidConfig(`the table ${table} or its index does not exist: run migrate() of the store once`, error);
  if (!isOutOfReach(failure)) return error;
  return new UserMetaError("store_unavailable", "DynamoDB is out of reach or too busy; nothing was written", {
    cause: error,
  });
}
