/**
 * Remembers whether something is away and since when, and says so twice: when that begins and when
 * it is over.
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
  #error: unknown;

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

  /** The latest failure of an outage that is open. */
  get error(): unknown {
    return this.#error;
  }

  /** An attempt has failed for a reason that may pass. The trouble began `agoMs` ago. */
  begin(error: unknown, agoMs = 0): void {
    this.#error = error;
    if (this.#sinceMs !== undefined) return;
    this.#sinceMs = performance.now() - agoMs;
    this.#events.onBegin(error);
  }

  /** An attempt has worked. */
  end(): void {
    if (this.#sinceMs === undefined) return;
    const outageMs = this.elapsedMs;
    this.#sinceMs = undefined;
    this.#error = undefined;
    this.#events.onEnd(outageMs);
  }
}
