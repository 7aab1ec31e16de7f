/** Watches how long the counting of a partition stands still while events keep coming. */
import type { Sql } from "../../scripts/lib/postgres.ts";
import { pause } from "../../scripts/lib/wait.ts";

export class Pauses {
  #longestMs = 0;
  #isStopped = false;
  readonly #watching: Promise<void>;

  constructor(sql: Sql) {
    this.#watching = this.#watch(sql);
  }

  /** Stops, and returns the longest time in which a partition did not move, in milliseconds. */
  async stop(): Promise<number> {
    this.#isStopped = true;
    await this.#watching;
    return this.#longestMs;
  }

  async #watch(sql: Sql): Promise<void> {
    const moved = new Map<number, { nextOffset: number; atMs: number }>();
    while (!this.#isStopped) {
      const rows = await sql<{ partition: number; nextOffset: number }[]>`
        select partition, next_offset as "nextOffset" from streaming.consumer_offsets`;
      const atMs = performance.now();
      for (const { partition, nextOffset } of rows) {
        const last = moved.get(partition);
        if (last) this.#longestMs = Math.max(this.#longestMs, atMs - last.atMs);
        if (last?.nextOffset !== nextOffset) moved.set(partition, { nextOffset, atMs });
      }
      await pause(100);
    }
  }
}
