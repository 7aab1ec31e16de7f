/**
 * Sees from outside when events become visible in PostgreSQL, by polling. A moment is never too
 * early, and late by at most one pause and one query.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Sql } from "../../scripts/lib/postgres.ts";

/** An event in the topic; `rank` is its place among all, by the moment at which they happened. */
export interface SentEvent {
  partition: number;
  offset: number;
  createdAtMs: number;
  rank: number;
}

export interface Watch {
  stop(): Promise<void>;
  /** The number of polls so far. */
  looks(): number;
  /** Since the epoch; undefined for an event that never became visible. */
  visibleAtMs(event: SentEvent): number | undefined;
}

/** From `atMs` on, everything below `place` was visible. */
interface Sighting {
  place: number;
  atMs: number;
}

/** Our tables hold, for each partition, the offset up to which its events are stored. */
export function watchOffsets(sql: Sql): Watch {
  const sightings = new Map<number, Sighting[]>();
  const looking = repeat(1, async () => {
    const rows = await sql`select partition, next_offset from streaming.consumer_offsets`;
    const atMs = now();
    for (const { partition, next_offset } of rows) {
      const seen = sightings.get(partition) ?? [];
      sightings.set(partition, seen);
      note(seen, next_offset, atMs);
    }
  });
  return {
    ...looking,
    visibleAtMs: ({ partition, offset }) => firstAbove(sightings.get(partition) ?? [], offset),
  };
}

/** Where a table has only counts, the event of rank n counts as visible at n + 1 counted events. */
export function watchCounts(sql: Sql, table: string, column = "event_count", pauseMs = 5): Watch {
  const seen: Sighting[] = [];
  const looking = repeat(pauseMs, async () => {
    const [row] = await sql`
      select coalesce(sum(${sql(column)}), 0)::bigint as events from ${sql(table)}`;
    note(seen, row?.events, now());
  });
  return { ...looking, visibleAtMs: ({ rank }) => firstAbove(seen, rank) };
}

const now = () => performance.timeOrigin + performance.now();

function note(seen: Sighting[], place: number, atMs: number): void {
  if (place > (seen.at(-1)?.place ?? 0)) seen.push({ place, atMs });
}

/** The time of the first sighting above the place. */
function firstAbove(seen: readonly Sighting[], place: number): number | undefined {
  let [low, high] = [0, seen.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (seen[middle]!.place > place) high = middle;
    else low = middle + 1;
  }
  return seen[low]?.atMs;
}

function repeat(pauseMs: number, look: () => Promise<void>): Pick<Watch, "stop" | "looks"> {
  let stopped = false;
  let count = 0;
  const looking = (async () => {
    while (!stopped) {
      await look();
      count += 1;
      await delay(pauseMs);
    }
  })();
  return {
    async stop() {
      stopped = true;
      await looking;
    },
    looks: () => count,
  };
}
