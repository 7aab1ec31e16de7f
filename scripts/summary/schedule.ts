/**
 * When the numbers may be computed again: at most once a second, and for at most about a tenth of the
 * time. The totals of a million users take a while. Pure: the clock is passed in.
 */
import { STALE_AGE_MS } from "../../schema/limits.ts";

/** Between the beginnings of two computations. */
export const PERIOD_MS_MIN = 1_000;
/** After a computation, this many times as long as it took passes before the next one. */
export const REST_RATIO = 10;
/** Longest such rest, so that a summary is not yet stale when it arrives. */
export const REST_MS_MAX = STALE_AGE_MS / 2;

export class Schedule {
  readonly #now: () => number;
  #startedMs = Number.NEGATIVE_INFINITY;
  #dueMs = Number.NEGATIVE_INFINITY;

  /** `now` gives milliseconds that never go back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Milliseconds until the next computation may begin; 0 when it may. */
  get waitMs(): number {
    return Math.max(0, this.#dueMs - this.#now());
  }

  /** A computation begins; no other may begin until it has ended. */
  begin(): void {
    this.#startedMs = this.#now();
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  /**
   * The computation has ended. A failed one is repeated after as long as it took. So the end of an
   * outage is noticed soon, and failing attempts are not a burden.
   */
  end(hasWorked: boolean): void {
    const now = this.#now();
    const ratio = hasWorked ? REST_RATIO : 1;
    const restMs = Math.min(ratio * (now - this.#startedMs), REST_MS_MAX);
    this.#dueMs = Math.max(this.#startedMs + PERIOD_MS_MIN, now + restMs);
  }
}
