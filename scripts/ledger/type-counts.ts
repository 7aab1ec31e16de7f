/** Sums the consumer's counts by event type, in any statement that needs them. */
import { EVENT_TYPES, type EventType } from "../../schema/event-types.ts";
import type { Queryable } from "../lib/postgres.ts";

const typeColumn = (sql: Queryable, type: EventType) => sql`
  coalesce(sum(event_count) filter (where event_type = ${type}), 0)::bigint as ${sql(type)}`;

/** A column for each event type, of rows that have `event_type` and `event_count`. */
export function typeColumns(sql: Queryable) {
  const [first, ...others] = EVENT_TYPES.map((type) => typeColumn(sql, type));
  return others.reduce((list, column) => sql`${list}, ${column}`, first!);
}
