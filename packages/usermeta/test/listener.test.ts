import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpResponse, Routes } from "@usermeta/core";
import { expect, it, onTestFinished } from "vitest";
import { serve } from "../../../test/serve.ts";
import { createListener } from "../src/serve/listener.ts";
import type { Log } from "../src/serve/log.ts";
import { createMetrics } from "../src/serve/metrics.ts";

/** A server of one route, `GET /x`, and what it logs. */
async function world(
  answer: () => Promise<HttpResponse>,
): Promise<{ url: string; drain: () => void; logged: object[] }> {
  const routes: Routes = {
    table: [{ method: "GET", path: "/x" }],
    handle: ({ url }) => (url === "/x" ? answer() : undefined),
  };
  const logged: object[] = [];
  const write = (level: string) => (message: string, fields?: object) =>
    void logged.push({ level, message, ...fields });
  const log: Log = { info: write("info"), warn: write("warn"), error: write("error") };
  const apis = [{ name: "x", routes }];
  const { listener, drain } = createListener({
    apis,
    isQuiet: false,
    log,
    metrics: createMetrics(),
  });
  const server = await serve(listener);
  onTestFinished(() => server.close());
  return { url: `http://127.0.0.1:${server.port}`, drain, logged };
}

async function get(url: string): Promise<IncomingMessage> {
  const [response] = (await once(request(`${url}/x`).end(), "response")) as [IncomingMessage];
  return response;
}

it("an error that is not ours becomes a 500 without its message, and a log line without it either", async () => {
  const { url, logged } = await world(async () => {
    throw new TypeError("Key (card)=(4111-1111) already exists");
  });
  const response = await fetch(`${url}/x`);
  expect([response.status, await response.json()]).toEqual([500, expect.objectContaining({ code: "internal" })]);
  await expect.poll(() => logged.length).toBe(2);
  expect(logged[0]).toMatchObject({ level: "error", api: "x", route: "/x", error: "TypeError" });
  expect(logged[1]).toMatchObject({ level: "warn", message: "request", status: 500 });
  expect(JSON.stringify(logged)).not.toContain("4111");
});

it("a stream that fails half-way breaks the connection, so that nobody takes it for whole", async () => {
  const { url, logged } = await world(async () => ({
    status: 200,
    headers: {},
    body: (async function* () {
      yield "data: 1\n\n";
      throw new Error("no more");
    })(),
  }));
  await expect(fetch(`${url}/x`).then((response) => response.text())).rejects.toThrow();
  await expect.poll(() => logged).toContainEqual(expect.objectContaining({ message: "request", aborted: true }));
});

it("a server that ends cuts streams, and lets slow readers have the rest of an answer", async () => {
  const size = 8 * 2 ** 20; // more than the kernel takes off our hands
  const big = await world(async () => ({
    status: 200,
    headers: { "content-length": String(size) },
    body: "x".repeat(size),
  }));
  const stream = await world(async () => ({
    status: 200,
    headers: { "content-type": "text/event-stream" },
    body: (async function* () {
      for (;;) {
        yield ": still here\n\n";
        await sleep(50);
      }
    })(),
  }));
  const [answer, events] = await Promise.all([get(big.url), get(stream.url)]);
  events.resume();
  const cut = once(events, "error");
  big.drain();
  stream.drain();
  await cut;
  let received = 0;
  for await (const chunk of answer) received += (chunk as Buffer).length;
  expect(received).toBe(size);
});
