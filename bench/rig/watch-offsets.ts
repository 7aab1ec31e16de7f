/**
 * Sees from outside when events become visible in PostgreSQL: asks for the stored offset of each
 * partition every millisecond or two. A moment is never too early, and late by one pause at the most.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "../../scripts/lib/postgres.ts";

const PAUSE_MS = 1;

/** From `atMs` on, everything before `nextOffset` was visible. */
export interface Sighting {
  nextOffset: number;
  atMs: number;
}

export interface OffsetWatch {
  /** By partition, in order. */
  sightings: Map<number, Sighting[]>;
  stop(): Promise<void>;
}

export function watchOffsets(sql: Sql): OffsetWatch {
  const sightings = new Map<number, Sighting[]>();
  let stopped = false;
  const watching = (async () => {
    while (!stopped) {
      const rows = await sql`select partition, next_offset from streaming.consumer_offsets`;
      const atMs = performance.timeOrigin + performance.now();
      for (const { partition, next_offset } of rows) {
        const seen = sightings.get(partition) ?? [];
        sightings.set(partition, seen);
        if (seen.at(-1)?.nextOffset !== next_offset) seen.push({ nextOffset: next_offset, atMs });
      }
      await delay(PAUSE_MS);
    }
  })();
  return {
    sightings,
    async stop() {
      stopped = true;
      await watching;
    },
  };
}
