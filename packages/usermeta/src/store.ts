import { invalidConfig, type MetadataStore, memoryStore } from "@usermeta/core";
import { sqliteStore } from "@usermeta/sqlite";

/** What every store takes beside its URL. */
export interface OpenStoreOptions {
  /** Keeps several applications apart in one database. @default "" */
  readonly namespace?: string;
  /** Paths that `list` can search, e.g. `["public.plan"]`. Only where the store can search. */
  readonly indexes?: readonly string[];
  /** Whether to bring the schema up to date; an SQLite file always is. @default true */
  readonly migrate?: boolean;
}

/**
 * Opens a store by its URL and brings its schema up to date, so that one setting says where metadata lives:
 *
 * | URL | store |
 * |---|---|
 * | `memory:` | this process only |
 * | `sqlite:usermeta.db` | an SQLite file |
 * | `postgres://user:password@host/database` | PostgreSQL; needs `@usermeta/postgres` |
 * | `mysql://user:password@host/database` | MySQL or MariaDB; needs `@usermeta/mysql` |
 * | `redis://host:6379` | Redis or Valkey; needs `@usermeta/redis` |
 * | `dynamodb://region/table?endpoint=…` | DynamoDB; needs `@usermeta/dynamodb` |
 *
 * Throws `invalid_config` for another URL or a missing package, and what the store throws.
 *
 * ```ts
 * const meta = createUserMeta({ store: await openStore(process.env.STORE ?? "sqlite:usermeta.db"), verifier });
 * ```
 */
export async function openStore(url: string, options: OpenStoreOptions = {}): Promise<MetadataStore> {
  const { namespace = "", indexes = [], migrate = true } = options;
  const scheme = /^([a-z]+):/.exec(url)?.[1] ?? "";
  switch (scheme) {
    case "memory":
      return memoryStore({ indexes });
    case "sqlite":
      return sqliteStore(url.slice("sqlite:".length), { namespace, indexes });
    case "postgres":
    case "postgresql":
      return migrated(
        (await load("postgres", () => import("@usermeta/postgres"))).postgresStore(url, { namespace, indexes }),
        migrate,
      );
    case "mysql":
    case "mariadb":
      return migrated(
        (await load("mysql", () => import("@usermeta/mysql"))).mysqlStore(url, { namespace, indexes }),
        migrate,
      );
    case "redis":
    case "rediss":
      return (await load("redis", () => import("@usermeta/redis"))).redisStore(url, { namespace });
    case "dynamodb":
      return migrated(
        (await load("dynamodb", () => import("@usermeta/dynamodb"))).dynamodbStore(url, { namespace }),
        migrate,
      );
    default:
      throw invalidConfig("a store's URL begins with memory: sqlite: postgres: mysql: redis: or dynamodb:");
  }
}

async function load<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw invalidConfig(`that store needs @usermeta/${name} and its driver: npm install @usermeta/${name}`, cause);
  }
}

async function migrated<T extends MetadataStore & { migrate(): Promise<unknown> }>(
  store: T,
  migrate: boolean,
): Promise<T> {
  if (migrate) await store.migrate();
  return store;
}
