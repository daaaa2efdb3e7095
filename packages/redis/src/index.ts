import { randomBytes } from "node:crypto";
import {
  checkOptions,
  invalidConfig,
  type MetadataStore,
  type Put,
  type PutResult,
  type StoredRecord,
  UserMetaError,
} from "@usermeta/core";
import type { RedisClient, RedisCluster } from "./client.ts";
import { connect, type Sender } from "./connection.ts";
import { isUndone } from "./failure.ts";
import {
  announceErasure,
  claim,
  completeErasure,
  eraseAlone,
  eraseInCluster,
  keysOf,
  putAlone,
  putArguments,
  putInCluster,
  toChange,
  toRecord,
} from "./layout.ts";
import { check, type RedisRisk, risks } from "./settings.ts";

export type { CommandOptions, RedisClient, RedisCluster, RedisSubscriber } from "./client.ts";
export type { RedisRisk } from "./settings.ts";

/** What {@link redisStore} can be told. */
export interface RedisOptions {
  /** Keeps several applications apart on one Redis. @default "" */
  readonly namespace?: string;
  /** Risks of losing data that the store would otherwise refuse. @default [] */
  readonly accept?: readonly RedisRisk[];
}

/** A store that can tell of other processes' writes. */
export type RedisStore = MetadataStore & Required<Pick<MetadataStore, "watch">>;

/**
 * A store in Redis or Valkey, on one server or in a cluster. Many processes can use it.
 *
 * Takes a URL, or a client of the application's own from node-redis' `createClient()` or `createCluster()`: connect it
 * before the first operation; `close()` leaves it open. There is nothing to migrate.
 *
 * Throws `invalid_config` for bad options. The first operation and `ping()` reject with `invalid_config` when Redis is set so
 * that it would lose data (see {@link RedisRisk}), or holds data of a newer version of this package.
 *
 * ```ts
 * const store = redisStore("redis://127.0.0.1:6379", { namespace: "shop" });
 * ```
 */
export function redisStore(client: RedisClient | RedisCluster | string, options: RedisOptions = {}): RedisStore {
  checkOptions("redisStore", options, ["namespace", "accept"]);
  const { namespace = "", accept = [] } = options;
  if (typeof client !== "string" && typeof client?.sendCommand !== "function")
    throw invalidConfig("redisStore needs a URL, or a client from createClient() or createCluster() of node-redis");
  if (typeof namespace !== "string" || !namespace.isWellFormed())
    throw invalidConfig("namespace must be well-formed text");
  if (!Array.isArray(accept) || !accept.every((risk) => risks.includes(risk)))
    throw invalidConfig(`accept must be a list of ${risks.join(", ")}`);
  const connection = connect(client);
  const { isCluster } = connection;
  const keys = keysOf(namespace);
  /** Tells our own writes from those of others. */
  const self = randomBytes(6).toString("base64url");
  const message = (userId: string): [string, string] => [keys.channel, `${self} ${userId}`];
  let checked: Promise<void> | undefined;

  /** Runs an operation once Redis was found fit to keep anything. */
  const run = <T>(operation: (send: Sender) => Promise<T>): Promise<T> =>
    connection.attempt(async (send) => {
      checked ??= check(send, keys, accept).catch((error: unknown) => {
        checked = undefined;
        throw error;
      });
      await checked;
      return operation(send);
    });

  async function put(send: Sender, one: Put, claimed: Promise<string> | undefined): Promise<PutResult> {
    const { userId } = one.next;
    const [record, ids, changes, erased] = keys.user(userId);
    const shared = [...putArguments(one), ...message(userId)];
    const result = isCluster
      ? await send.script(putInCluster, [record, ids, changes, erased], [...shared, (await claimed) ?? ""])
      : await send.script(putAlone, [record, ids, changes, keys.users], [...shared, userId]);
    if (typeof result !== "string") return result === 1 ? "written" : "conflict";
    const end = result.indexOf(" ");
    return { duplicate: { version: Number(result.slice(0, end)), digest: result.slice(end + 1) } };
  }

  /** In a cluster, puts the users of first writes into the list before anything is written of them. */
  function claimFor(send: Sender, puts: readonly Put[]): Promise<string> | undefined {
    const userIds = puts.filter(({ expected }) => expected === undefined).map(({ next }) => next.userId);
    if (!isCluster || userIds.length === 0) return undefined;
    const claimed = send.script(claim, [keys.users, keys.erasures, keys.order], userIds) as Promise<string>;
    return claimed.catch((cause: unknown) => {
      throw isUndone(cause)
        ? cause
        : new UserMetaError("store_unavailable", "the list of users is out of reach", { cause });
    });
  }

  async function eraseFromCluster(send: Sender, userId: string): Promise<void> {
    const [record, ids, changes, erased] = keys.user(userId);
    // Cancelled only by a first write of the same moment; whoever never stops writing keeps the user in the list.
    for (let attempts = 0; attempts < 3; attempts++) {
      const number = (await send.script(announceErasure, [keys.erasures, keys.order], [userId])) as string;
      await send.script(eraseInCluster, [record, ids, changes, erased], [number, ...message(userId)]);
      if ((await send.script(completeErasure, [keys.users, keys.erasures], [userId, number])) === 1) return;
    }
  }

  async function readAll(send: Sender, userIds: readonly string[]): Promise<(StoredRecord | undefined)[]> {
    const names = userIds.map((userId) => keys.user(userId)[0]);
    const [first = ""] = names;
    const texts =
      isCluster || names.length < 2
        ? await Promise.all(names.map((name) => send.command(name, "GET", name)))
        : ((await send.command(first, "MGET", ...names)) as unknown[]);
    return userIds.map((userId, i) => {
      const text = texts[i];
      return typeof text === "string" ? toRecord(userId, text) : undefined;
    });
  }

  return {
    maxRecordBytes: 64 * 1024 * 1024,
    read: (userIds) => run((send) => readAll(send, userIds)),
    write: (puts) =>
      run(async (send) => {
        const claimed = claimFor(send, puts);
        const results = await Promise.allSettled(
          puts.map((one) => put(send, one, one.expected === undefined ? claimed : undefined)),
        );
        const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
        if (failures.length === results.length && failures.length > 0 && failures.every(isUndone)) throw failures[0];
        return results.map((result) => (result.status === "fulfilled" ? result.value : "unknown"));
      }),
    erase: (userId) =>
      run(async (send) => {
        if (isCluster) return eraseFromCluster(send, userId);
        const [record, ids, changes] = keys.user(userId);
        await send.script(eraseAlone, [record, ids, changes, keys.users], [userId, ...message(userId)]);
      }),
    list: async ({ where, after, limit }) => {
      if (where.length > 0)
        throw new UserMetaError("not_supported", "Redis cannot search: list without where, or use another store");
      return run(async (send) => {
        const found: StoredRecord[] = [];
        let from = after === undefined ? "-" : `(${after}`;
        // A page is filled up: users who were just erased, or claimed by a write that never came, have no record.
        for (;;) {
          const page = ["ZRANGE", keys.users, from, "+", "BYLEX", "LIMIT", "0", String(limit)];
          const userIds = (await send.command(keys.users, ...page)) as string[];
          found.push(...(await readAll(send, userIds)).filter((record) => record !== undefined));
          if (found.length >= limit || userIds.length < limit) return found.slice(0, limit);
          from = `(${userIds.at(-1)}`;
        }
      });
    },
    history: (userId, { before, limit }) =>
      run(async (send) => {
        const changes = keys.user(userId)[2];
        const from = before === undefined ? "+inf" : `(${before}`;
        const page = ["ZRANGE", changes, from, "-inf", "BYSCORE", "REV", "LIMIT", "0", String(limit)];
        return ((await send.command(changes, ...page)) as string[]).map(toChange);
      }),
    watch: (listener) =>
      connection.subscribe(
        keys.channel,
        (text) => {
          const end = text.indexOf(" ");
          if (text.slice(0, end) !== self) listener({ userId: text.slice(end + 1) });
        },
        () => listener("gap"),
      ),
    ping: () =>
      connection.attempt(async (send) => {
        try {
          await check(send, keys, accept);
          checked ??= Promise.resolve();
        } catch (error) {
          if (error instanceof UserMetaError) checked = undefined;
          throw error;
        }
      }),
    close: async () => connection.close(),
  };
}
