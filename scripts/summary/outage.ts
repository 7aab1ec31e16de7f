/** Tells of an outage of the database twice: when it begins and when it is over. */
import type { Logger } from "@logtape/logtape";

export class Outage {
  readonly #log: Logger;
  readonly #explain: (error: unknown) => string;
  #sinceMs: number | undefined;

  constructor(log: Logger, explain: (error: unknown) => string) {
    this.#log = log;
    this.#explain = explain;
  }

  /** What the latest attempt came to: undefined when it worked. */
  note(error: unknown): void {
    if (error !== undefined && this.#sinceMs === undefined) {
      this.#sinceMs = performance.now();
      this.#log.error("Cannot read the numbers", { reason: this.#explain(error) });
    } else if (error === undefined && this.#sinceMs !== undefined) {
      const outageMs = Math.round(performance.now() - this.#sinceMs);
      this.#sinceMs = undefined;
      this.#log.info("The numbers can be read again", { outageMs });
    }
  }
}
