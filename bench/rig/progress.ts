/** Watches from outside how far a topic is counted, also while its database is away. */
import type { Sql } from "../../scripts/lib/postgres.ts";
import { isOutage } from "../../scripts/lib/postgres-failure.ts";
import { sum } from "../../scripts/lib/sum.ts";
import { pause } from "../../scripts/lib/wait.ts";
import type { Sample } from "./counting-time.ts";

const SAMPLE_MS = 100;
/** Counting that stands still for longer will not go on. */
const STUCK_MS = 180_000;

export class Progress {
  readonly samples: Sample[] = [];
  readonly #sql: Sql;
  readonly #partitions: number;
  readonly #watching: Promise<void>;
  #isStopped = false;
  #movedAtMs = performance.now();

  constructor(sql: Sql, partitions: number) {
    this.#sql = sql;
    this.#partitions = partitions;
    this.#watching = this.#watch();
    // `reached()` reports it.
    this.#watching.catch(() => {});
  }

  /** Records that are stored. */
  get records(): number {
    return sum(this.samples.at(-1)?.offsets ?? []);
  }

  /**
   * Waits until this number of records is stored; `meanwhile` is called again and again.
   * @throws Error when nothing has been stored for three minutes
   */
  async reached(records: number, meanwhile: () => void): Promise<void> {
    while (this.records < records) {
      meanwhile();
      if (performance.now() - this.#movedAtMs > STUCK_MS) {
        throw new Error(`Counting stands still at ${this.records} of ${records} records`);
      }
      await Promise.race([pause(SAMPLE_MS / 2), this.#watching]);
    }
  }

  /** The database may be away, so nothing is waited for. */
  stop(): void {
    this.#isStopped = true;
  }

  async #watch(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.#look();
      } catch (error) {
        if (!isOutage(error)) throw error;
      }
      await pause(SAMPLE_MS);
    }
  }

  async #look(): Promise<void> {
    const rows = await this.#sql`
      select partition, next_offset from streaming.consumer_offsets order by partition`;
    const offsets = Array.from({ length: this.#partitions }, () => 0);
    for (const { partition, next_offset } of rows) offsets[partition] = next_offset;
    const before = this.records;
    this.samples.push({ atMs: performance.now(), offsets });
    if (this.records > before) this.#movedAtMs = performance.now();
  }
}
