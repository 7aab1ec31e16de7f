/**
 * One computation for all requests: they share the one that is running, and its answer afterwards.
 * The answer is kept as the text that is sent, so that a request costs next to nothing. While the
 * database does not answer, no old numbers are sent: the Worker keeps the last good answer.
 */
import type { Summary } from "../../schema/summary.ts";
import { DeadlineError, deadline } from "../lib/wait.ts";
import { Schedule } from "./schedule.ts";

/** No request waits longer than this for a computation; later requests get its result. */
const WAIT_MS_MAX = 2_000;

export interface Answer {
  summary: Summary;
  /** The summary as JSON. */
  body: string;
  /** When the statement was sent, by `performance.now()`. */
  sentMs: number;
}

/** The numbers cannot be read now. The message may be shown to anyone. */
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

  /** Seconds after which a new request may get new numbers. */
  get retryAfterSeconds(): number {
    const { waitMs } = this.#schedule;
    return Math.max(1, Math.ceil((Number.isFinite(waitMs) ? waitMs : WAIT_MS_MAX) / 1_000));
  }

  /** @throws Unavailable when the numbers cannot be read now, or not in time */
  get(): Promise<Answer> {
    if (this.#current === undefined || this.#schedule.waitMs === 0) this.#current = this.#start();
    return this.#current;
  }

  #start(): Promise<Answer> {
    this.#schedule.begin();
    const computation = this.#compute();
    computation.then(
      (answer) => {
        this.#latest = answer;
        this.#current = Promise.resolve(answer);
      },
      () => {},
    );
    const shared = this.#inTime(computation);
    // Each caller gets the failure. Without any caller it must not end the program.
    shared.catch(() => {});
    return shared;
  }

  async #inTime(computation: Promise<Answer>): Promise<Answer> {
    try {
      return await deadline(computation, WAIT_MS_MAX);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new Unavailable("Cannot read the numbers: the database takes too long");
    }
  }

  async #compute(): Promise<Answer> {
    const sentMs = performance.now();
    try {
      const summary = await this.#read();
      const body = JSON.stringify(summary);
      this.#end(sentMs);
      return { summary, body, sentMs };
    } catch (error) {
      this.#end(sentMs, error);
      throw new Unavailable("Cannot read the numbers: something is wrong inside, and in its log");
    }
  }

  #end(sentMs: number, error?: unknown): void {
    this.#schedule.end(error === undefined);
    this.#observe(performance.now() - sentMs, error);
  }
}
