/**
 * Work that is done in small steps beside the counting: writing runs, merging them, growing the filter.
 * The newest job goes first, since it is the most urgent one. A step may wait for the disk.
 */

import { setImmediate as nextTurn } from "node:timers/promises";

/** Each step yields how many entries it has handled, or what it waits for. */
export type Job = Generator<number | Promise<void>, void>;

/** The most work that is done at once, in entries: some milliseconds. */
const CREDIT_MAX = 65_536;

export class WorkQueue {
  readonly #jobs: Job[] = [];
  #credit = 0;
  #waiting: Promise<void> | undefined;
  #failure: unknown;
  #hasFailed = false;

  /** Called when a job has ended, to begin what has become necessary. */
  readonly #onEnd: () => void;

  constructor(onEnd: () => void) {
    this.#onEnd = onEnd;
  }

  push(job: Job): void {
    this.#jobs.push(job);
  }

  get isEmpty(): boolean {
    return this.#jobs.length === 0;
  }

  /**
   * Does work for about this number of entries.
   * @throws what a job has thrown, now and at each later call
   */
  pump(entries: number): void {
    this.#assertSound();
    this.#credit = Math.min(this.#credit + entries, CREDIT_MAX);
    while (this.#credit > 0 && this.#jobs.length > 0 && !this.#waiting) {
      this.#credit -= this.#step();
    }
  }

  /**
   * Does some milliseconds of work, then lets others have their turn, or waits for the disk.
   * @throws what a job has thrown
   */
  async turn(): Promise<void> {
    this.pump(CREDIT_MAX);
    await (this.#waiting ?? nextTurn());
    this.#assertSound();
  }

  #assertSound(): void {
    if (this.#hasFailed) throw this.#failure;
  }

  #step(): number {
    try {
      const job = this.#jobs.at(-1) as Job;
      const { done, value } = job.next();
      if (done) {
        // Its last step may have put another job on top of it.
        this.#jobs.splice(this.#jobs.indexOf(job), 1);
        this.#onEnd();
        return 256;
      }
      if (typeof value === "number") return value;
      this.#waiting = value
        .catch((error) => this.#fail(error))
        .finally(() => {
          this.#waiting = undefined;
        });
      return 0;
    } catch (error) {
      this.#fail(error);
      throw error;
    }
  }

  #fail(error: unknown): void {
    this.#hasFailed = true;
    this.#failure = error;
  }
}
