/** A summary for tests of the page. Its numbers differ where they can, so that none is mistaken. */
import { TIMELINE_MINUTES } from "../../schema/limits.ts";
import type { PublishedSummary } from "../../schema/summary.ts";

const FIRST_MINUTE_MS = Date.UTC(2026, 2, 1, 11, 35);

export const example: PublishedSummary = {
  version: 1,
  as_of: "2026-03-01T12:34:56.700Z",
  events: 12_340,
  events_today: 4_321,
  users: 98,
  events_by_type: { view: 8_000, click: 4_000, purchase: 340 },
  conversion_rate: 0.0425,
  timeline: Array.from({ length: TIMELINE_MINUTES }, (_, at) => ({
    minute: new Date(FIRST_MINUTE_MS + at * 60_000).toISOString(),
    view: 100 + at,
    click: 40 + (at % 7),
    purchase: at % 5,
  })),
  top_users: [
    { user_id: 7, view: 300, click: 90, purchase: 10, events: 400 },
    { user_id: 1_000_000, view: 150, click: 50, purchase: 0, events: 200 },
  ],
  freshness: {
    newest_event_at: "2026-03-01T12:34:55.700Z",
    event_to_kafka_ms: 3.4,
    kafka_to_table_ms: 14.2,
    summary_ms: 2.6,
    settled_at: "2026-03-01T12:34:15.000Z",
  },
  ledger: {
    state: "exact",
    read: 12_345,
    stored: 12_340,
    duplicates: 3,
    rejected: 2,
    retractions: 0,
    retracted: 0,
    removed: 0,
    absent: 0,
    lost: 0,
    standing: 0,
    counted: 12_340,
  },
  pause: null,
  age_s: 0.5,
  stale: false,
};
