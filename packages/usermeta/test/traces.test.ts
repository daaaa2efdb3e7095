import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import { blocksOf } from "./blocks.ts";
import { serve } from "./served.ts";

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly parentSpanId?: string;
  readonly attributes: readonly { readonly key: string; readonly value: { stringValue?: string; intValue?: number } }[];
  readonly status: { readonly code?: number };
}

/** A collector that keeps the spans it is sent, in OTLP's JSON. */
async function collector(): Promise<{ url: string; spans: Span[] }> {
  const spans: Span[] = [];
  const server = createServer((req, res) => {
    let text = "";
    req.on("data", (chunk) => (text += String(chunk)));
    req.on("end", () => {
      const { resourceSpans } = JSON.parse(text) as { resourceSpans: { scopeSpans: { spans: Span[] }[] }[] };
      spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
      res.setHeader("content-type", "application/json").end("{}");
    });
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, spans };
}

it("the recipe of docs/opentelemetry.md makes spans that continue the caller's trace and name no user", async () => {
  const { url: endpoint, spans } = await collector();
  // Beside this file, where Node finds the packages.
  const recipe = fileURLToPath(new URL(`traces-${process.pid}.mjs`, import.meta.url));
  writeFileSync(recipe, blocksOf("opentelemetry.md").get("js") ?? "");
  onTestFinished(() => rmSync(recipe));
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, NODE_OPTIONS: `--import ${recipe}` };
  const { url, stop } = await serve(["--store", "memory:"], { env });
  const [traceId, parent] = ["0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"];
  await fetch(`${url}/admin/users/ada/metadata`, { headers: { traceparent: `00-${traceId}-${parent}-01` } });
  await fetch(`${url}/admin/users/ada/metadata`, { method: "PATCH", body: "{}" });
  expect(await stop()).toBe(0);

  const seen = spans.map(({ name, attributes }) => [
    name,
    Object.fromEntries(attributes.map(({ key, value }) => [key, value.stringValue ?? value.intValue])),
  ]);
  const route = { "http.route": "/admin/users/{id}/metadata", "usermeta.api": "admin" };
  expect(seen).toEqual([
    ["GET /admin/users/{id}/metadata", { ...route, "http.request.method": "GET", "http.response.status_code": 200 }],
    [
      "PATCH /admin/users/{id}/metadata",
      {
        ...route,
        "http.request.method": "PATCH",
        "http.response.status_code": 415,
        "error.type": "unsupported_media_type",
      },
    ],
  ]);
  expect(spans[0]).toMatchObject({ traceId, parentSpanId: parent });
  expect(JSON.stringify(spans)).not.toContain("ada/");
});
