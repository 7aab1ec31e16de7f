/**
 * Remembers whether something is away and since when, and says so twice: when that begins and when
 * it is over. Each program has one for each service that it waits for.
 */
export interface OutageEvents {
  /** Called with the failure that began the outage. */
  onBegin(error: unknown): void;
  /** Called when it is over, with how long it took. */
  onEnd(outageMs: number): void;
}

export class Outage {
  readonly #events: OutageEvents;
  #sinceMs: number | undefined;

  constructor(events: OutageEvents) {
    this.#events = events;
  }

  get isOpen(): boolean {
    return this.#sinceMs !== undefined;
  }

  /** Milliseconds since it began; 0 when there is none. */
  get elapsedMs(): number {
    return this.#sinceMs === undefined ? 0 : performance.now() - this.#sinceMs;
  }

  /** An attempt has failed for a reason that may pass. */
  begin(error: unknown): void {
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = performance.now();
    this.#events.onBegin(error);
  }

  /** An attempt has worked. */
  end(): void {
    if (this.#sinceMs === undefined) return;
    const outageMs = this.elapsedMs;
    this.#sinceMs = undefined;
    this.#events.onEnd(outageMs);
  }

  /**
   * Gives what `work` gives. The outage begins when there is no answer for `silenceMsMax`
   * milliseconds, although the work has not failed yet; it is over when the work succeeds.
   *
   * @example
   * await outage.watch(sql`select 1`, 5_000);
   */
  async watch<Result>(work: Promise<Result>, silenceMsMax: number): Promise<Result> {
    const silence = setTimeout(
      () => this.begin(new Error(`no answer within ${silenceMsMax / 1_000} s`)),
      silenceMsMax,
    );
    try {
      const result = await work;
      this.end();
      return result;
    } finally {
      clearTimeout(silence);
    }
  }
}
