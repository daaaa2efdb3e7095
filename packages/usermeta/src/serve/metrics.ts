import { collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

/** What a request is counted under. Never a path as it came: it holds user ids, and their number has no bound. */
export interface RequestLabels {
  readonly api: string;
  readonly route: string;
  readonly method: string;
  readonly status: number;
}

/** Counts for Prometheus. */
export interface Metrics {
  begin(): void;
  end(labels: RequestLabels, seconds: number): void;
  /** The exposition and its media type. */
  show(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** Requests, and Node's own measures: memory, CPU, event loop, garbage collection. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const inFlight = new Gauge({
    name: "usermeta_http_requests_in_flight",
    help: "Requests that are being answered",
    registers,
  });
  const duration = new Histogram({
    name: "usermeta_http_request_duration_seconds",
    help: "Seconds from the head of a request to the end of its answer",
    labelNames: ["api", "route", "method", "status"],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers,
  });
  return {
    begin: () => inFlight.inc(),
    end({ status, ...labels }, seconds) {
      inFlight.dec();
      duration.observe({ ...labels, status: String(status) }, seconds);
    },
    show: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  };
}
