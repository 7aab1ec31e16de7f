/**
 * One computation for all who ask: they share the one that is under way, and its answer afterwards.
 * The answer is kept as the bytes that are sent, so that a request costs next to nothing. While the
 * database does not answer nothing old is given out, since the Worker keeps the last good answer.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Summary } from "../../schema/summary.ts";
import { Schedule } from "./schedule.ts";

/** Nobody waits longer than this for a computation; it goes on for those who ask later. */
const PATIENCE_MS = 2_000;

export interface Answer {
  summary: Summary;
  /** The summary as JSON. */
  body: string;
  etag: string;
  /** When the statement was sent, by `performance.now()`. */
  sentMs: number;
}

/** The numbers cannot be read now. The message is fit for strangers. */
export class Unavailable extends Error {
  override name = "Unavailable";
}

/** What became of a computation, for logs and metrics. */
export type Observer = (durationMs: number, error?: unknown) => void;

export class SharedSummary {
  readonly #read: () => Promise<Summary>;
  readonly #observe: Observer;
  readonly #schedule = new Schedule(() => performance.now());
  #current: Promise<Answer> | undefined;
  #latest: Answer | undefined;

  constructor(read: () => Promise<Summary>, observe: Observer) {
    this.#read = read;
    this.#observe = observe;
  }

  /** The answer of the last computation that worked. */
  get latest(): Answer | undefined {
    return this.#latest;
  }

  /** Seconds after which asking again may bring something new. */
  get retryAfterSeconds(): number {
    const { waitMs } = this.#schedule;
    return Math.max(1, Math.ceil((Number.isFinite(waitMs) ? waitMs : PATIENCE_MS) / 1_000));
  }

  /** @throws Unavailable when the numbers cannot be read now, or not in time */
  get(): Promise<Answer> {
    if (this.#current === undefined || this.#schedule.waitMs === 0) this.#current = this.#start();
    return this.#current;
  }

  #start(): Promise<Answer> {
    this.#schedule.begin();
    const computation = this.#compute();
    const patience = new AbortController();
    const shared = Promise.race([computation, this.#loseFaith(patience.signal)]);
    // Whoever asks gets the failure; that nobody asked any more is no reason to end the program.
    shared.catch(() => {});
    computation
      .then((answer) => {
        this.#latest = answer;
        this.#current = Promise.resolve(answer);
      })
      .catch(() => {})
      .finally(() => patience.abort());
    return shared;
  }

  async #compute(): Promise<Answer> {
    const sentMs = performance.now();
    try {
      const summary = await this.#read();
      const body = JSON.stringify(summary);
      this.#end(sentMs);
      return { summary, body, etag: `"${Bun.hash(body).toString(36)}"`, sentMs };
    } catch (error) {
      this.#end(sentMs, error);
      throw new Unavailable("Cannot read the numbers: something is wrong inside, and in its log");
    }
  }

  #end(sentMs: number, error?: unknown): void {
    this.#schedule.end(error === undefined);
    this.#observe(performance.now() - sentMs, error);
  }

  async #loseFaith(signal: AbortSignal): Promise<never> {
    await delay(PATIENCE_MS, undefined, { signal });
    throw new Unavailable("Cannot read the numbers: the database takes too long");
  }
}
