/**
 * Decides when the pending tally of one partition is written, and writes one at a time. Without a
 * backlog a tally is written at once, for freshness. With one, tallies keep a distance and grow,
 * because the database pays for each distinct key of a transaction, not for each event.
 */

import type { Config } from "../lib/config.ts";
import { isOutage } from "../lib/postgres-failure.ts";
import { retry } from "../lib/wait.ts";
import type { PartitionReader } from "./partition-reader.ts";
import type { Tally } from "./tally.ts";

export interface WriterEvents {
  written(tally: Tally, durationMs: number): void;
  /** This partition cannot go on: it is fenced, or no retry can fix the error. */
  failed(error: unknown): void;
}

export class PartitionWriter {
  readonly reader: PartitionReader;
  /** How many records the log held beyond the last fetch. */
  backlog = 0;
  /** The next offset in the database. */
  storedOffset: number;

  readonly #store: (tally: Tally) => Promise<void>;
  readonly #events: WriterEvents;
  readonly #delayMsMax: number;
  #writing: Promise<void> | undefined;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #closed = new AbortController();
  #room: PromiseWithResolvers<void> | undefined;

  constructor(
    reader: PartitionReader,
    options: {
      store: (tally: Tally) => Promise<void>;
      events: WriterEvents;
      config: Pick<Config, "CONSUMER_TRANSACTION_DELAY_MS_MAX">;
    },
  ) {
    this.reader = reader;
    this.storedOffset = reader.countFrom;
    this.#store = options.store;
    this.#events = options.events;
    this.#delayMsMax = options.config.CONSUMER_TRANSACTION_DELAY_MS_MAX;
  }

  get isClosed(): boolean {
    return this.#closed.signal.aborted;
  }

  /** Whether the pending tally has reached the size of a transaction. */
  get isFull(): boolean {
    return this.reader.pending.isFull;
  }

  /** Resolves when more may be read: at once unless the pending tally is full. */
  room(): Promise<void> {
    if (this.isClosed || !this.isFull) return Promise.resolve();
    this.#room ??= Promise.withResolvers();
    return this.#room.promise;
  }

  /** Call this after each read: it writes now, or sets the time of the next write. */
  schedule(): void {
    if (this.isClosed || this.#writing || this.reader.pending.isEmpty) return;
    const waitMs =
      this.backlog > 0 && !this.isFull
        ? this.#writtenAtMs + this.#delayMsMax - performance.now()
        : 0;
    clearTimeout(this.#timer);
    if (waitMs > 0) this.#timer = setTimeout(() => this.#write(), waitMs);
    else this.#write();
  }

  /** Writes everything that was read; resolves when it is stored, or when the writer is closed. */
  async flush(): Promise<void> {
    while (!this.isClosed && (this.#writing || !this.reader.pending.isEmpty)) {
      if (!this.#writing) this.#write();
      await this.#writing;
    }
  }

  /** Drops the pending tally. A transaction under way may still end; the fence guards it. */
  close(): void {
    this.#closed.abort();
    clearTimeout(this.#timer);
    this.#room?.resolve();
  }

  #write(): void {
    if (this.isClosed || this.#writing) return;
    clearTimeout(this.#timer);
    const tally = this.reader.take();
    this.#writtenAtMs = performance.now();
    this.#room?.resolve();
    this.#room = undefined;
    this.#writing = this.#storeUntilDone(tally).finally(() => {
      this.#writing = undefined;
      this.schedule();
    });
  }

  async #storeUntilDone(tally: Tally): Promise<void> {
    try {
      await retry(
        async () => {
          const startMs = performance.now();
          await this.#store(tally);
          this.storedOffset = tally.nextOffset;
          this.#events.written(tally, performance.now() - startMs);
        },
        { isRetryable: isOutage, signal: this.#closed.signal },
      );
    } catch (error) {
      if (this.isClosed) return;
      this.close();
      this.#events.failed(error);
    }
  }
}
