/** The metrics of the summary origin, for Prometheus. Counters start at zero with the process. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";

export class SummaryMetrics {
  readonly registry = new Registry();
  readonly #requests = new Counter({
    name: "rtdp_summary_requests_total",
    help: "Requests answered, by path and status",
    labelNames: ["path", "status"],
    registers: [this.registry],
  });
  readonly #computations = new Counter({
    name: "rtdp_summary_computations_total",
    help: "Computations of the summary, by their outcome",
    labelNames: ["outcome"],
    registers: [this.registry],
  });
  readonly #seconds = new Histogram({
    name: "rtdp_summary_computation_seconds",
    help: "Duration of a computation",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  #computedMs: number | undefined;

  constructor() {
    collectDefaultMetrics({ register: this.registry });
    const computedMs = () => this.#computedMs;
    new Gauge({
      name: "rtdp_summary_age_seconds",
      help: "Since the numbers were last computed; grows while nobody asks",
      registers: [this.registry],
      collect() {
        const sinceMs = computedMs();
        if (sinceMs !== undefined) this.set((performance.now() - sinceMs) / 1_000);
      },
    });
  }

  /** A made-up path in a request must not become a label. */
  answered(path: string | undefined, status: number): void {
    this.#requests.inc({ path: path ?? "other", status });
  }

  computed(durationMs: number, error?: unknown): void {
    this.#computations.inc({ outcome: error === undefined ? "worked" : "failed" });
    this.#seconds.observe(durationMs / 1_000);
    if (error === undefined) this.#computedMs = performance.now() - durationMs;
  }
}
