import { postgresStore } from "@usermeta/postgres";
import { beforeAll, expect, it } from "vitest";
import { proxyTo } from "./proxy.ts";
import { putOf, startServer } from "./samples.ts";

const server = await startServer();
beforeAll(() => postgresStore(server.url).migrate());

/** What a store hears, in order. */
function heard(store: ReturnType<typeof postgresStore>): { readonly events: unknown[]; stop: () => void } {
  const events: unknown[] = [];
  const stop = store.watch?.((event) => events.push(event)) ?? (() => {});
  return { events, stop };
}
const of = (userId: string) => ({ userId });

it("tells of other processes' writes and erasures, once each, and not of its own or of another namespace's", async () => {
  const [here, there, elsewhere] = ["", "", "elsewhere"].map((namespace) => postgresStore(server.url, { namespace }));
  if (!here || !there || !elsewhere) return;
  const { events, stop } = heard(here);
  await expect.poll(() => events).toEqual(["gap"]);
  const odd = `${"😀".repeat(63)} 'x`;
  const put = putOf(odd);
  await elsewhere.write([putOf("bob")]);
  await here.write([putOf("own")]);
  expect(await there.write([put, putOf("own")])).toEqual(["written", "conflict"]);
  expect(await there.write([putOf(odd), put])).toEqual(["conflict", { duplicate: { version: 1, digest: "digest" } }]);
  await there.erase("own");
  await expect.poll(() => events).toEqual(["gap", of(odd), of("own")]);
  stop();
  await there.erase(odd);
  await there.write([putOf("last")]);
  await here.read(["last"]);
  expect(events).toHaveLength(3);
  await Promise.all([here, there, elsewhere].map((store) => store.close()));
});

it("turns a lost connection into a gap, and listens again", async () => {
  const store = postgresStore(server.url, { namespace: "lost" });
  const other = postgresStore(server.url, { namespace: "lost" });
  const { events } = heard(store);
  await expect.poll(() => events).toEqual(["gap"]);
  await server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN usermeta%'");
  await expect.poll(() => events).toEqual(["gap", "gap", "gap"]);
  await other.write([putOf("bob")]);
  await expect.poll(() => events.at(-1)).toEqual(of("bob"));
  await Promise.all([store.close(), other.close()]);
});

it("notices a connection that has fallen silent", async () => {
  const proxy = await proxyTo(server.url);
  const store = postgresStore(proxy.url, { namespace: "silent", timeout: 300 });
  const { events } = heard(store);
  await expect.poll(() => events).toEqual(["gap"]);
  proxy.isBlackHole = true;
  await expect.poll(() => events.length, { timeout: 10_000 }).toBeGreaterThan(1);
  expect(new Set(events)).toEqual(new Set(["gap"]));
  proxy.isBlackHole = false;
  const other = postgresStore(server.url, { namespace: "silent" });
  let n = 0;
  await expect
    .poll(
      async () => {
        await other.write([putOf(`user${n++}`)]);
        return events.some((event) => event !== "gap");
      },
      { timeout: 10_000 },
    )
    .toBe(true);
  await Promise.all([store.close(), other.close()]);
  await proxy.stop();
});

it("tells of gaps as long as it cannot listen", async () => {
  const store = postgresStore("postgres://nobody@127.0.0.1:1/none");
  const { events, stop } = heard(store);
  await expect.poll(() => events.length).toBeGreaterThan(2);
  stop();
  expect(new Set(events)).toEqual(new Set(["gap"]));
  await store.close();
});

it("goes past a pooler on a URL of its own", async () => {
  const store = postgresStore("postgres://nobody@127.0.0.1:1/none", { direct: server.url });
  expect(await store.migrate()).toEqual([]);
  const { events } = heard(store);
  await expect.poll(() => events).toEqual(["gap"]);
  await expect(store.ping()).rejects.toMatchObject({ code: "store_unavailable" });
  await store.close();
});

it("sends and hears nothing when told so", async () => {
  const [quiet, listening] = [false, true].map((watch) => postgresStore(server.url, { watch, namespace: "quiet" }));
  if (!quiet || !listening) return;
  expect("watch" in quiet).toBe(false);
  const { events } = heard(listening);
  await expect.poll(() => events).toEqual(["gap"]);
  await quiet.write([putOf("bob")]);
  await quiet.erase("bob");
  await postgresStore(server.url, { namespace: "quiet" }).write([putOf("ann")]);
  await expect.poll(() => events).toEqual(["gap", of("ann")]);
  await Promise.all([quiet.close(), listening.close()]);
});
