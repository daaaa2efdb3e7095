import { randomUUID } from "node:crypto";
import { postgresStore } from "@usermeta/postgres";
import pg from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import { proxyTo } from "./proxy.ts";
import { eventually, increment, metaOn, putOf, startServer } from "./samples.ts";

const server = await startServer();
beforeAll(() => postgresStore(server.url).migrate());

describe("a connection cut before each message of a write", () => {
  it("leaves the put written once or not at all, and never says so wrongly", async () => {
    const proxy = await proxyTo(server.url);
    const pool = new pg.Pool({ connectionString: proxy.url });
    const store = postgresStore(pool, { namespace: "cut" });
    const outcomes = new Set<unknown>();
    let latest = putOf("bob");
    await store.write([latest]);
    for (let messages = 0, isWhole = false; !isWhole; messages++) {
      proxy.budget = undefined;
      await eventually(() => store.ping()); // a connection that is open already
      const put = putOf("bob", latest.next);
      const before = proxy.cuts;
      proxy.budget = messages;
      const [result] = await store.write([put]);
      isWhole = proxy.cuts === before;
      proxy.budget = undefined;
      outcomes.add(result);
      const [found] = await eventually(() => store.read(["bob"]));
      if (result === "written") expect(found).toEqual(put.next);
      expect([latest.next, put.next]).toContainEqual(found);
      const isThere = found?.version === put.next.version;
      const [again] = await store.write([put]);
      expect(again).toEqual(isThere ? { duplicate: { version: put.next.version, digest: "digest" } } : "written");
      expect(await store.history("bob", { limit: 1 })).toEqual([put.change]);
      latest = put;
    }
    expect(outcomes).toEqual(new Set(["unknown", "written"]));
    await store.close();
    await pool.end();
    await proxy.stop();
  });

  it("never doubles an update that is repeated under its idempotency key", async () => {
    const proxy = await proxyTo(server.url);
    const store = postgresStore(proxy.url, { namespace: "cut update" });
    const meta = metaOn(store);
    await increment(meta, "bob");
    let count = 1;
    for (let messages = 0, isWhole = false; !isWhole; messages++) {
      await eventually(() => store.ping());
      const before = proxy.cuts;
      proxy.budget = messages;
      const key = randomUUID();
      await increment(meta, "bob", key).catch((error: unknown) => {
        expect(error).toMatchObject({ code: "store_unavailable" }); // while it was reading
      });
      isWhole = proxy.cuts === before;
      proxy.budget = undefined;
      await increment(meta, "bob", key);
      count++;
      expect((await meta.get("bob")).private).toEqual({ credits: count });
    }
    expect(count).toBeGreaterThan(10);
    await store.close();
    await proxy.stop();
  });
});
