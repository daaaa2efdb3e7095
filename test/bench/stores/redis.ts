import { createClient } from "redis";
import { openStore } from "usermeta";
import { redis as startServer } from "../../servers.ts";
import type { Database } from "./database.ts";

/** Redis or Valkey by node-redis, with an append-only file that is synced every second, as the store demands. */
export const redis: Database = {
  name: "Redis",
  start: async () => {
    const server = await startServer();
    if (server === undefined) return "no redis-server or valkey-server on this machine";
    const client = createClient({ url: server.url });
    await client.connect();
    const version = /redis_version:(\S+)/.exec(await client.info("server"))?.[1];
    const store = await openStore(server.url);
    return {
      label: `${server.label} ${version} by node-redis`,
      store,
      rival: {
        reading: "`GET`",
        writing: "`SET`",
        fill: async (rows) => void (await client.mSet(rows.flatMap(([userId, json]) => [`rival:${userId}`, json]))),
        read: async (userId) => (await client.get(`rival:${userId}`)) ?? "",
        write: (userId, json) => client.set(`rival:${userId}`, json),
      },
      stop: async () => {
        await store.close();
        client.destroy();
        await server.stop();
      },
    };
  },
};
