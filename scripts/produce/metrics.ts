/** The producer's metrics for Prometheus. Counters begin at zero with the process. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { Dependency } from "../lib/dependency.ts";
import { addOutageMetrics } from "../lib/outage-metrics.ts";

export interface Progress {
  /** Events that Kafka has acknowledged. */
  sent: number;
  /** Events that wait for an answer or for their turn. */
  pending: number;
  /** Rows that are not events. */
  rejected: number;
}

export function producerMetrics(kafka: Dependency, progress: () => Progress): Registry {
  const registry = new Registry();
  const counter = (name: string, help: string, read: () => number) =>
    new Counter({
      name: `${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  collectDefaultMetrics({ register: registry });
  counter("rtdp_events_sent", "Events that Kafka has acknowledged", () => progress().sent);
  counter("rtdp_rows_rejected", "Rows that are not events", () => progress().rejected);
  new Gauge({
    name: "rtdp_events_pending",
    help: "Events that wait to be acknowledged",
    registers: [registry],
    collect() {
      this.set(progress().pending);
    },
  });
  addOutageMetrics(registry, { kafka });
  return registry;
}
