import { invalidConfig, UserMetaError } from "@usermeta/core";
import pg from "pg";
import type { Statement } from "./query.ts";

/** What the store needs of a connection; pg's `PoolClient` has it. */
export interface PostgresClient {
  query(config: { text: string; values?: unknown[]; name?: string }): Promise<{ rows: unknown[] }>;
  on(event: "error" | "end" | "notification", listener: (value: unknown) => void): unknown;
  removeListener(event: "error" | "end" | "notification", listener: (value: unknown) => void): unknown;
  /** Gives the connection back; with `true` it is closed instead. */
  release(close?: boolean): void;
}

/** What the store needs of a pool; pg's `Pool` has it, and so have pools made after it. */
export interface PostgresPool {
  connect(): Promise<PostgresClient>;
  on(event: "error", listener: (error: Error) => void): unknown;
  removeListener(event: "error", listener: (error: Error) => void): unknown;
}

/** Runs a statement and gives its rows. */
export type Query = <Row>(statement: Statement, values?: unknown[]) => Promise<Row[]>;
/** Runs `work` on one connection. */
export type Run = <T>(work: (query: Query) => Promise<T>) => Promise<T>;

const ignore = (): void => {};

/** The promise's value; rejects when it takes longer than `ms`. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = (): void => reject(new Error(`PostgreSQL did not answer within ${ms} ms`));
    // When this process itself was held up, an answer that has arrived is still read first.
    const timer = setTimeout(() => setImmediate(late), ms);
    const settled = <V>(settle: (value: V) => void) => {
      return (value: V): void => {
        clearTimeout(timer);
        settle(value);
      };
    };
    promise.then(settled(resolve), settled(reject));
  });
}

/** A pool of our own. Throws `invalid_config`. */
export function openPool(url: string, timeout: number): { pool: pg.Pool; end: () => Promise<void> } {
  if (!/^postgres(ql)?:\/\//.test(url))
    throw invalidConfig('postgresStore needs a URL like "postgres://user@host/database"');
  const config: pg.PoolConfig = {
    connectionString: url,
    connectionTimeoutMillis: timeout,
    statement_timeout: statementTimeout(timeout),
    keepAlive: true,
    fallback_application_name: "usermeta",
  };
  try {
    new pg.Client(config); // pg would only say at the first query what it does not understand
  } catch (cause) {
    throw invalidConfig("the URL given to postgresStore is not one that pg understands", cause);
  }
  const pool = new pg.Pool(config);
  const clients = new Set<pg.PoolClient>();
  pool.on("error", ignore);
  pool.on("connect", (client) => void clients.add(client));
  pool.on("remove", (client) => void clients.delete(client));
  const end = async (): Promise<void> => {
    // Saying goodbye to a server that does not answer would last for ever
    await within(timeout, pool.end()).catch(ignore);
    for (const client of clients) client.connection.stream.destroy();
  };
  return { pool, end };
}

/** Milliseconds after which the server itself gives up a statement: earlier than we do, so that its refusal is still heard. */
const statementTimeout = (timeout: number): number => Math.ceil((timeout * 2) / 3);
/** Milliseconds for one lock. Who is not the first to wait for a row waits twice: for its turn, and for the row. */
export const lockTimeout = (timeout: number): number => Math.ceil(timeout / 3);

/** A connection within the time. One that comes too late goes back to the pool. */
export async function checkOut(pool: Pick<PostgresPool, "connect">, ms: number): Promise<PostgresClient> {
  const connecting = pool.connect();
  let isLate = false;
  connecting.then((client) => isLate && client.release(), ignore);
  try {
    return await within(ms, connecting);
  } catch (cause) {
    isLate = true;
    throw unavailable(cause);
  }
}

/**
 * Gives the way to run statements, each operation within `timeout` milliseconds altogether. It rejects with
 * `store_unavailable` when nothing was written, with `outcome_unknown` when a statement that writes was sent and its answer
 * was lost, with `invalid_config` when the schema is missing, and with errors that are bugs as they are. Statements are
 * prepared on each connection (`prepare`) until a transaction pooler shows that connections are not what they seem.
 */
export function runner(pool: PostgresPool, timeout: number, prepare: boolean): Run {
  const provedAt = new WeakMap<PostgresClient, number>();
  let silentSince = 0;
  let prepares = prepare;

  /** Connections that were open when another one fell silent are not trusted: each of them would cost a whole timeout. */
  async function trusted(until: number): Promise<PostgresClient> {
    for (;;) {
      const client = await checkOut(pool, Math.max(until - performance.now(), 1));
      if ((provedAt.get(client) ?? Number.POSITIVE_INFINITY) > silentSince) return client;
      client.release(true);
    }
  }

  return async (work) => {
    const until = performance.now() + timeout;
    const client = await trusted(until);
    client.on("error", ignore);
    let isBroken = false;
    let isWriting = false;

    async function query<Row>(statement: Statement, values?: unknown[]): Promise<Row[]> {
      const { text, name, writes = false } = statement;
      const left = until - performance.now();
      if (left <= 0) throw unavailable(new Error(`the operation took longer than ${timeout} ms`));
      isWriting ||= writes;
      const isPrepared = prepares && name !== undefined;
      try {
        const sent = client.query({ text, ...(values && { values }), ...(isPrepared && { name }) });
        const { rows } = await within(left, sent);
        if (writes) isWriting = false;
        return rows as Row[];
      } catch (error) {
        if (isPrepared && isOfAnotherSession(error)) {
          prepares = false;
          return query(statement, values);
        }
        if (isRefusal(error)) isWriting = false;
        // A server that has become a standby keeps its connections: the next one may lead to the new primary.
        isBroken ||= !isRefusal(error) || codeOf(error) === "25006";
        throw error;
      }
    }

    try {
      return await work(query);
    } catch (error) {
      throw explained(error, isWriting);
    } finally {
      if (isBroken) silentSince = performance.now();
      else provedAt.set(client, performance.now());
      client.release(isBroken);
      client.removeListener("error", ignore);
    }
  };
}

/** PostgreSQL's error code; `undefined` for errors that it did not send. */
export function codeOf(error: unknown): string | undefined {
  const { code, severity } = (error ?? {}) as { code?: unknown; severity?: unknown };
  return typeof code === "string" && severity !== undefined ? code : undefined;
}

/** Whether the server has refused the statement and undone what it did. Otherwise it is gone, or going, and its answer lost. */
function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  const { severity } = (error ?? {}) as { severity?: unknown };
  return code !== undefined && !/^(08|57P|40003)/.test(code) && severity !== "FATAL" && severity !== "PANIC";
}

/** Lock timeout, statement timeout or cancellation, out of resources, read-only, serialization failure, deadlock. */
const isOutOfReach = (code: string): boolean => /^(55P03|57014|53|25006|40001|40P01)/.test(code);
/** Undefined table, column, or schema. */
const isMissing = (code: string): boolean => ["42P01", "42703", "3F000"].includes(code);

/** Whether two transactions met in a way that PostgreSQL asks to repeat. */
export const isCollision = (error: unknown): boolean => ["40001", "40P01"].includes(codeOf(error) ?? "");

/** A prepared statement is not there, or is there already: a pooler has changed the session under us. Nothing was run. */
const isOfAnotherSession = (error: unknown): boolean => ["26000", "42P05"].includes(codeOf(error) ?? "");

function explained(error: unknown, isWriting: boolean): unknown {
  if (error instanceof UserMetaError || error instanceof TypeError || error instanceof RangeError) return error;
  if (!isRefusal(error)) return isWriting ? unknown(error) : unavailable(error);
  const code = codeOf(error) ?? "";
  if (isMissing(code)) return invalidConfig("the database lacks usermeta's tables: run migrate() of the store", error);
  return isOutOfReach(code) ? unavailable(error) : error;
}

const unavailable = (cause: unknown): UserMetaError =>
  new UserMetaError("store_unavailable", "PostgreSQL cannot be reached or is too busy; nothing was written", { cause });
const unknown = (cause: unknown): UserMetaError =>
  new UserMetaError("outcome_unknown", "the connection to PostgreSQL broke before its answer", { cause });
