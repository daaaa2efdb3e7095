import { randomUUID } from "node:crypto";
import { mysqlStore } from "@usermeta/mysql";
import mysql from "mysql2/promise";
import { describe, expect, it } from "vitest";
import { proxyTo } from "./proxy.ts";
import { eventually, increment, metaOn, putOf, startServer } from "./samples.ts";

const server = await startServer();

describe("a connection cut before each packet of a write", () => {
  it("leaves the put written once or not at all, and never says so wrongly", async () => {
    const proxy = await proxyTo(server.url);
    const pool = mysql.createPool(proxy.url);
    const store = mysqlStore(pool, { namespace: "cut", timeout: 20_000 });
    const outcomes = new Set<unknown>();
    let latest = putOf("bob");
    await store.write([latest]);
    for (let packets = 0, isWhole = false; !isWhole; packets++) {
      await store.ping(); // a connection that is open already
      const put = putOf("bob", latest.next);
      proxy.cutAfter(packets);
      const [result] = await store.write([put]);
      isWhole = !proxy.hasCut;
      outcomes.add(result);
      const [found] = await store.read(["bob"]);
      // What was lost before the commit is done again on another connection.
      expect(["written", "unknown"]).toContain(result);
      if (result === "written") expect(found).toEqual(put.next);
      expect([latest.next, put.next]).toContainEqual(found);
      const isThere = found?.version === put.next.version;
      const [again] = await store.write([put]);
      expect(again).toEqual(isThere ? { duplicate: { version: put.next.version, digest: "digest" } } : "written");
      expect(await store.history("bob", { limit: 1 })).toEqual([put.change]);
      latest = put;
    }
    expect(outcomes).toEqual(new Set(["unknown", "written"]));
    expect(latest.next.version).toBeGreaterThan(10);
    await store.close();
    await pool.end();
    await proxy.stop();
  });

  it("never doubles an update that is repeated under its idempotency key", async () => {
    const proxy = await proxyTo(server.url);
    const store = mysqlStore(proxy.url, { namespace: "cut update" });
    const meta = metaOn(store);
    await increment(meta, "bob");
    let count = 1;
    for (let packets = 0, isWhole = false; !isWhole; packets++) {
      const key = randomUUID();
      await eventually(() => store.ping());
      proxy.cutAfter(packets);
      await increment(meta, "bob", key).catch(() => {});
      isWhole = !proxy.hasCut;
      await eventually(() => increment(meta, "bob", key));
      count++;
      expect((await eventually(() => meta.get("bob"))).private).toEqual({ credits: count });
    }
    expect(count).toBeGreaterThan(10);
    await store.close();
    await proxy.stop();
  });
});

it("frees what a process has locked that vanished without a word", async () => {
  const proxy = await proxyTo(server.url);
  const [behind, direct] = [proxy.url, server.url].map((url) => mysqlStore(url, { namespace: "vanished" }));
  const first = putOf("bob");
  await direct?.write([first]);
  await behind?.ping();
  const put = putOf("bob", first.next);
  proxy.swallowAfter(4); // begun and locked
  await expect(behind?.write([put])).rejects.toMatchObject({ code: "store_unavailable" });
  await expect(direct?.write([put])).rejects.toMatchObject({ code: "store_unavailable" });
  expect(await eventually(async () => direct?.write([put]))).toEqual(["written"]);
  await Promise.all([behind?.close(), direct?.close(), proxy.stop()]);
});
