/**
 * Knows which of the two services the consumer waits for. It logs when an outage begins and ends,
 * and counts each failed attempt. It probes a silent service, so that a frozen one is noticed, too.
 */
import { OutageError, outage } from "../kafka/failure.ts";
import type { Config } from "../lib/config.ts";
import { getLogger } from "../lib/log.ts";
import { Outage } from "../lib/outage.ts";
import { explainPostgres } from "../lib/postgres.ts";
import { pause } from "../lib/wait.ts";
import { isConflict, isOutage } from "./failure.ts";

export const SERVICES = ["kafka", "postgres"] as const;
export type Service = (typeof SERVICES)[number];

const NAMES: Record<Service, string> = { kafka: "Kafka", postgres: "PostgreSQL" };

/** Work without an answer for this long counts as an outage, although it has not failed yet. */
const SILENCE_MS_MAX = 6_000;
const TICK_MS = 1_000;
/** A service is probed after this many ticks without an answer. */
const QUIET_TICKS_MAX = 4;

const log = getLogger(["consume"]);

export class Outages {
  readonly #onFailure: (service: Service) => void;
  readonly #outages: Record<Service, Outage>;
  /** Ticks are counted, not timed: while this process stands still, the service is not silent. */
  readonly #quietTicks: Record<Service, number> = { kafka: 0, postgres: 0 };

  /** `onFailure` is called for each attempt that failed because a service is down. */
  constructor(config: Config, onFailure: (service: Service) => void) {
    this.#onFailure = onFailure;
    this.#outages = {
      kafka: outageOf("kafka", (error) => outage(config, error).message),
      postgres: outageOf("postgres", (error) => explainPostgres(config, "ingest", error)),
    };
  }

  /** The names of the services that are down, or undefined. */
  get waitingFor(): string | undefined {
    const away = SERVICES.filter((service) => this.#outages[service].isOpen);
    return away.length === 0 ? undefined : away.map((service) => NAMES[service]).join(" and ");
  }

  answered(service: Service): void {
    this.#quietTicks[service] = 0;
    this.#outages[service].end();
  }

  failed(service: Service, error: unknown): void {
    this.#outages[service].begin(error);
    this.#onFailure(service);
  }

  /** Returns the result of the work, and notes what it says about the service. */
  async watch<Result>(service: Service, work: () => Promise<Result>): Promise<Result> {
    try {
      const result = await this.#outages[service].watch(work(), SILENCE_MS_MAX);
      this.answered(service);
      return result;
    } catch (error) {
      if (isConflict(error)) {
        this.answered(service);
        log.info(`${NAMES[service]} let another transaction go first; it is repeated`, {
          error: (error as Error).message,
        });
      } else if (passes(service, error)) this.failed(service, error);
      throw error;
    }
  }

  /**
   * Probes a silent service, until `signal`.
   * @throws the error of a probe, unless it is an outage
   */
  async probe(
    probes: Readonly<Record<Service, () => Promise<unknown>>>,
    signal: AbortSignal,
  ): Promise<void> {
    await Promise.all(SERVICES.map((service) => this.#probe(service, probes[service], signal)));
  }

  async #probe(
    service: Service,
    probe: () => Promise<unknown>,
    signal: AbortSignal,
  ): Promise<void> {
    while (!signal.aborted) {
      await pause(TICK_MS, signal).catch(() => {});
      this.#quietTicks[service] += 1;
      if (signal.aborted || this.#quietTicks[service] <= QUIET_TICKS_MAX) continue;
      try {
        await this.watch(service, probe);
      } catch (error) {
        if (!signal.aborted && !passes(service, error)) throw error;
      }
    }
  }
}

/** Whether the same work may succeed later, without any change. */
export const passes = (service: Service, error: unknown) =>
  service === "kafka" ? error instanceof OutageError : isOutage(error);

function outageOf(service: Service, explain: (error: unknown) => string): Outage {
  const name = NAMES[service];
  return new Outage({
    onBegin: (error) =>
      log.warning(`${name} is away; counting pauses until it is back`, { error: explain(error) }),
    onEnd: (outageMs) => log.info(`${name} is back`, { outageMs: Math.round(outageMs) }),
  });
}
