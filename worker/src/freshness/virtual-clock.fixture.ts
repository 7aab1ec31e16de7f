/** A clock for tests. Time passes only in `advance`, and work takes exactly as long as it pauses. */

interface Timer {
  atMs: number;
  ring(): void;
}

export class VirtualClock {
  nowMs = 1_000_000;
  #timers: Timer[] = [];

  readonly now = () => this.nowMs;

  readonly pause = (ms: number) =>
    new Promise<void>((ring) => {
      this.#timers.push({ atMs: this.nowMs + ms, ring });
    });

  /** Lets the time pass, and rings its timers in order. */
  async advance(ms: number): Promise<void> {
    const endMs = this.nowMs + ms;
    await settle();
    for (;;) {
      const next = this.#timers
        .filter(({ atMs }) => atMs <= endMs)
        .reduce<Timer | undefined>((a, b) => (a && a.atMs <= b.atMs ? a : b), undefined);
      if (!next) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.nowMs = next.atMs;
      next.ring();
      await settle();
    }
    this.nowMs = endMs;
  }
}

/** Runs everything that waits for no timer. */
const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
