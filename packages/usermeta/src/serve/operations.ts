import type { Routes } from "@usermeta/core";
import { jsonPage, pageRoutes } from "../pages.ts";
import type { Metrics } from "./metrics.ts";

/**
 * What those who run the server ask: `/healthz` whether the process answers, `/readyz` whether it should be sent requests
 * (503 while the store is out of reach or the server ends), `/metrics` for Prometheus.
 */
export function operationsRoutes(ready: () => Promise<boolean>, metrics: Metrics): Routes {
  return pageRoutes({
    "/healthz": () => jsonPage({ status: "ok" }),
    "/readyz": async () => ((await ready()) ? jsonPage({ status: "ready" }) : jsonPage({ status: "not ready" }, 503)),
    "/metrics": async () => {
      const { contentType, text } = await metrics.show();
      return { headers: { "content-type": contentType, "cache-control": "no-store" }, body: text };
    },
  });
}
