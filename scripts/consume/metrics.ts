/** The consumer's metrics for Prometheus. Counters begin at zero with the process. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { addOutageMetrics } from "../lib/outage-metrics.ts";
import type { Dependencies } from "./dependencies.ts";
import type { Tally } from "./tally.ts";

export class ConsumerMetrics {
  readonly registry = new Registry();

  readonly #events = this.#counter("rtdp_events_stored", "Events counted in the tables");
  readonly #duplicates = this.#counter("rtdp_events_duplicate", "Events dropped as duplicates");
  readonly #forwarded = this.#counter(
    "rtdp_events_forwarded",
    "Events that stood in another partition than their user's home, and were sent there",
  );
  readonly #retractions = this.#counter(
    "rtdp_retractions",
    "Records that take an event back, at the home of their user",
  );
  readonly #retracted = this.#counter(
    "rtdp_events_retracted",
    "Events that were taken back; a replay removes them from the tables",
  );
  readonly #rejected = new Counter({
    name: "rtdp_events_rejected_total",
    help: "Records put into dead_letters",
    labelNames: ["reason"],
    registers: [this.registry],
  });
  readonly lost = this.#counter("rtdp_records_lost", "Records that the log deleted unread");
  readonly rebalances = this.#counter("rtdp_rebalances", "Rebalances of the consumer group");
  readonly fenced = this.#counter("rtdp_transactions_fenced", "Transactions refused by the fence");
  readonly #transactionSeconds = new Histogram({
    name: "rtdp_transaction_seconds",
    help: "Duration of the transaction that stores a tally",
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [this.registry],
  });
  readonly #transactionEvents = new Histogram({
    name: "rtdp_transaction_events",
    help: "Events in a transaction",
    buckets: [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000],
    registers: [this.registry],
  });
  readonly #lagRecords = this.#gauge("rtdp_lag_records", "Records in the log not yet stored");
  readonly #lagSeconds = this.#gauge(
    "rtdp_lag_seconds",
    "Age of the newest stored record while records wait, else 0",
  );

  /** By partition: the log's end at the last fetch, the stored offset, and its age. */
  readonly #places = new Map<number, { logEnd: number; stored: number; appendMs: number }>();

  constructor(dependencies: Dependencies) {
    collectDefaultMetrics({ register: this.registry });
    addOutageMetrics(this.registry, dependencies);
  }

  /** This consumer counts the partition from this offset on: what is before it is stored. */
  opened(partition: number, countFrom: number): void {
    this.#place(partition).stored = countFrom;
  }

  read(partition: number, logEnd: number): void {
    const place = this.#place(partition);
    place.logEnd = Math.max(place.logEnd, logEnd);
  }

  written(partition: number, tally: Tally, durationMs: number): void {
    this.#events.inc(tally.stored);
    this.#duplicates.inc(tally.duplicates);
    this.#forwarded.inc(tally.forwarded);
    this.#retractions.inc(tally.retractions);
    this.#retracted.inc(tally.retracted);
    for (const { reason } of tally.deadLetters) this.#rejected.inc({ reason });
    this.#transactionSeconds.observe(durationMs / 1_000);
    this.#transactionEvents.observe(tally.stored);
    const place = this.#place(partition);
    place.stored = tally.nextOffset;
    place.logEnd = Math.max(place.logEnd, tally.nextOffset);
    if (Number.isFinite(tally.lastAppendMs)) place.appendMs = tally.lastAppendMs;
  }

  /** The partition belongs to another consumer now. */
  forget(partition: number): void {
    this.#places.delete(partition);
    this.#lagRecords.remove({ partition });
    this.#lagSeconds.remove({ partition });
  }

  #place(partition: number) {
    const place = this.#places.get(partition) ?? { logEnd: 0, stored: 0, appendMs: Date.now() };
    this.#places.set(partition, place);
    return place;
  }

  #counter(name: string, help: string): Counter {
    return new Counter({ name: `${name}_total`, help, registers: [this.registry] });
  }

  #gauge(name: string, help: string): Gauge<"partition"> {
    return new Gauge({
      name,
      help,
      labelNames: ["partition"],
      registers: [this.registry],
      collect: () => this.#collectLag(),
    });
  }

  #collectLag(): void {
    for (const [partition, { logEnd, stored, appendMs }] of this.#places) {
      const lagRecords = Math.max(0, logEnd - stored);
      this.#lagRecords.set({ partition }, lagRecords);
      const lagMs = lagRecords > 0 ? Math.max(0, Date.now() - appendMs) : 0;
      this.#lagSeconds.set({ partition }, lagMs / 1_000);
    }
  }
}
