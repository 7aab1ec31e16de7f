/** Turns the row that was read into the public summary. Pure. */
import { totalOf } from "../../schema/event-types.ts";
import { eventsInTables, eventsToRemove, isBalanced } from "../../schema/ledger.ts";
import type { Summary } from "../../schema/summary.ts";
import type { Row } from "./statement.ts";

/** `durationMs` is how long reading the numbers took. */
export function summaryOf(row: Row, namesTopUsers: boolean, durationMs: number): Summary {
  const { view, click, purchase } = row;
  const events = totalOf(row);
  return {
    version: 1,
    as_of: time(row.asOfMs),
    events,
    events_today: row.eventsToday,
    users: row.users,
    events_by_type: { view, click, purchase },
    conversion_rate: view === 0 ? null : purchase / view,
    timeline: row.timeline.map(({ minuteMs, ...counts }) => ({
      minute: time(minuteMs),
      ...counts,
    })),
    top_users: namesTopUsers ? row.topUsers : null,
    freshness: {
      newest_event_at: row.newestEventMs === null ? null : time(row.newestEventMs),
      event_to_kafka_ms: duration(row.eventToKafkaMs),
      kafka_to_table_ms: duration(row.kafkaToTableMs),
      summary_ms: Math.round(durationMs * 10) / 10,
      settled_at: row.settledMs === null ? null : time(row.settledMs),
    },
    ledger: ledgerOf(row, events),
    pause: pauseOf(row),
  };
}

function ledgerOf(row: Row, counted: number): Summary["ledger"] {
  const { read, stored, duplicates, rejected, absent, lost, standing } = row;
  const { retractions, retracted, removed } = row;
  const isExact =
    isBalanced(row) &&
    eventsInTables(row) === counted &&
    eventsToRemove(row) === 0 &&
    row.isHealthy &&
    standing === 0;
  return {
    state: isExact ? "exact" : "differs",
    ...{ read, stored, duplicates, rejected, absent, lost },
    ...{ retractions, retracted, removed, counted, standing },
  };
}

const pauseOf = ({ waitingFor, waitingSinceMs }: Row): Summary["pause"] =>
  waitingFor === null || waitingSinceMs === null
    ? null
    : { waiting_for: waitingFor, since: time(waitingSinceMs) };

const time = (ms: number) => new Date(ms).toISOString();

/** Clocks differ, and an event may have a time in the future. */
const duration = (ms: number | null) => (ms === null ? null : Math.max(0, Math.round(ms)));
