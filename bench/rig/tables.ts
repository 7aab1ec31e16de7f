/** The consumer's tables: how much they hold, emptied between measurements, and checked. */
import { EVENT_TYPES } from "../../schema/event-types.ts";
import type { Sql } from "../../scripts/lib/postgres.ts";
import type { Dataset } from "./dataset.ts";

export async function emptyTables(owner: Sql): Promise<void> {
  await owner`
    truncate streaming.user_events, streaming.user_active_days, streaming.events_per_minute,
      streaming.consumer_offsets, streaming.dead_letters`;
  // A separate statement, and the last: emptying user_events notes all its users there.
  await owner`truncate streaming.corrected_users`;
}

/** Events in the tables, by the ledger of each partition. */
export async function storedEvents(owner: Sql): Promise<number> {
  const [row] = await owner`
    select coalesce(sum(stored), 0)::bigint as stored from streaming.consumer_offsets`;
  return row?.stored;
}

/**
 * Compares every count with the independent counts of the dataset, which was appended `times`
 * times.
 * @throws Error naming the first count that differs
 */
export async function assertExact(
  owner: Sql,
  dataset: Dataset,
  times: number,
  table = "streaming.user_events",
): Promise<void> {
  const rows = await owner`select user_id, event_type, event_count from ${owner(table)}`;
  const expected = dataset.counts.map((count) => count * times);
  for (const { user_id, event_type, event_count } of rows) {
    const at = (user_id - 1) * EVENT_TYPES.length + EVENT_TYPES.indexOf(event_type);
    if (expected[at] !== event_count) {
      throw new Error(
        `Cannot trust this run: user ${user_id} has ${event_count} events of type ${event_type} in the table and ${expected[at]} in the topic`,
      );
    }
    expected[at] = 0;
  }
  const missing = expected.findIndex((count) => count > 0);
  if (missing < 0) return;
  const user = Math.floor(missing / EVENT_TYPES.length) + 1;
  throw new Error(`Cannot trust this run: events of user ${user} are not in the table`);
}
