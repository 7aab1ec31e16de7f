/**
 * A service that a program depends on: whether it works, since when it does not, and why. A silent one
 * is probed, so that a frozen one is noticed, too. `/healthz` and the metrics say what this knows.
 */
import { Outage } from "./outage.ts";
import { pause } from "./wait.ts";

/** Work without an answer for this long counts as an outage, although it has not failed yet. */
const SILENCE_MS_MAX = 5_000;
const TICK_MS = 1_000;
/** A service is probed after this many ticks without an answer. */
const QUIET_TICKS_MAX = 2;
/** Work that has failed is repeated sooner than this. */
const RETRY_MS_MAX = 10_000;

export interface ServiceEvents {
  /** Called when the service goes away, with the reason for a person. */
  onAway(reason: string): void;
  /** Called when it works again, with how long that took. */
  onBack(outageMs: number): void;
}

export interface DependencyOptions extends ServiceEvents {
  /** Such as "Kafka". */
  name: string;
  /** Whether the same work may succeed later, without any change. */
  isOutage(error: unknown): boolean;
  /** Whether the service works, although it has answered with this error. @default {never} */
  isAnswer?(error: unknown): boolean;
  /** The reason of an outage, for a person. */
  explain(error: unknown): string;
  /** What is known of an outage besides the name, such as "no room on the disk". */
  remark?(error: unknown): string | undefined;
  /** Milliseconds after which work without an answer counts as an outage. @default {5000} */
  silenceMsMax?: number;
}

export class Dependency {
  /** Attempts that failed because the service was away. */
  failures = 0;
  readonly #options: DependencyOptions;
  readonly #silenceMsMax: number;
  readonly #outage: Outage;
  /** Works without an answer for too long. */
  #late = 0;
  /** When work has failed that has not succeeded since. */
  #failedMs = Number.NEGATIVE_INFINITY;
  /** Ticks are counted, not timed: while this process stands still, the service is not silent. */
  #quietTicks = 0;

  constructor(options: DependencyOptions) {
    this.#options = options;
    this.#silenceMsMax = options.silenceMsMax ?? SILENCE_MS_MAX;
    this.#outage = new Outage({
      onBegin: (error) => options.onAway(options.explain(error)),
      onEnd: (outageMs) => options.onBack(outageMs),
    });
  }

  get isAway(): boolean {
    return this.#outage.isOpen;
  }

  /** Milliseconds since it is away; 0 while it works. */
  get awayMs(): number {
    return this.#outage.elapsedMs;
  }

  /** Its name and what is known of its outage; undefined while it works. */
  get waitingFor(): string | undefined {
    if (!this.isAway) return undefined;
    const { name, remark } = this.#options;
    const known = remark?.(this.#outage.error);
    return known === undefined ? name : `${name}: ${known}`;
  }

  /** Whether the same work may succeed later, without any change. */
  isOutage(error: unknown): boolean {
    return this.#options.isOutage(error);
  }

  /** An attempt that nobody watches has failed. */
  failed(error: unknown): void {
    this.failures += 1;
    this.#outage.begin(error);
  }

  /** It has answered something, after `durationMs`. A slow answer, and one beside late work, prove nothing. */
  answered(durationMs = 0): void {
    if (durationMs > this.#silenceMsMax) return;
    this.#quietTicks = 0;
    // Without room a database answers, and stores nothing.
    const isFailing = performance.now() - this.#failedMs < RETRY_MS_MAX;
    if (this.#late === 0 && !isFailing) this.#outage.end();
  }

  /**
   * Returns the result of the work, and notes what it says about the service. Slow counts as away.
   *
   * @example
   * await postgres.watch(() => sql`select 1`);
   */
  async watch<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      const { result, durationMs } = await this.#ask(work);
      this.#failedMs = Number.NEGATIVE_INFINITY;
      this.answered(durationMs);
      return result;
    } catch (error) {
      const isAnswer = this.#options.isAnswer?.(error) === true;
      if (this.isOutage(error) && !isAnswer) this.#failedMs = performance.now();
      throw error;
    }
  }

  /**
   * Probes the service whenever it is silent, until `signal`.
   * @throws the error of a probe, unless it is an outage
   */
  async probe(ask: () => Promise<unknown>, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(TICK_MS, signal).catch(() => {});
      this.#quietTicks += 1;
      if (signal.aborted || this.#quietTicks <= QUIET_TICKS_MAX) continue;
      try {
        this.answered((await this.#ask(ask)).durationMs);
      } catch (error) {
        if (!signal.aborted && !this.isOutage(error)) throw error;
      }
    }
  }

  async #ask<Result>(work: () => Promise<Result>): Promise<{ result: Result; durationMs: number }> {
    const startMs = performance.now();
    let isLate = false;
    const silence = setTimeout(() => {
      isLate = true;
      this.#late += 1;
      this.#outage.begin(this.#silent, this.#silenceMsMax);
    }, this.#silenceMsMax);
    try {
      return { result: await work(), durationMs: performance.now() - startMs };
    } catch (error) {
      if (this.#options.isAnswer?.(error)) this.answered(performance.now() - startMs);
      else if (this.isOutage(error)) this.failed(error);
      throw error;
    } finally {
      clearTimeout(silence);
      if (isLate) this.#late -= 1;
    }
  }

  get #silent(): Error {
    return new Error(`no answer within ${this.#silenceMsMax / 1_000} s`);
  }
}
