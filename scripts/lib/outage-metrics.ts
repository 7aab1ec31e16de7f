/** The metrics that say how a program's services fare. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { Dependency } from "./dependency.ts";

/** Adds them to the registry; the names of the services are the label. */
export function addOutageMetrics(
  registry: Registry,
  services: Readonly<Record<string, Dependency>>,
): void {
  const all = Object.entries(services);
  new Counter({
    name: "rtdp_outage_retries_total",
    help: "Attempts that failed because the service was away",
    labelNames: ["service"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [service, { failures }] of all) this.inc({ service }, failures);
    },
  });
  new Gauge({
    name: "rtdp_outage_since_seconds",
    help: "When the service went away, in seconds since 1970; 0 while it works",
    labelNames: ["service"],
    registers: [registry],
    collect() {
      for (const [service, { isAway, awayMs }] of all) {
        this.set({ service }, isAway ? (Date.now() - awayMs) / 1_000 : 0);
      }
    },
  });
}
