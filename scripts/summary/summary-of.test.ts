import { expect, test } from "bun:test";
import { summarySchema } from "../../schema/summary.ts";
import type { Row } from "./statement.ts";
import { summaryOf } from "./summary-of.ts";

const AS_OF_MS = Date.UTC(2026, 1, 3, 0, 20, 7, 250);

const row: Row = {
  asOfMs: AS_OF_MS,
  isBuilt: true,
  view: 8,
  click: 4,
  purchase: 2,
  users: 3,
  eventsToday: 5,
  timeline: Array.from({ length: 60 }, (_, index) => ({
    minuteMs: Date.UTC(2026, 1, 2, 23, 21 + index),
    view: index,
    click: 0,
    purchase: 0,
  })),
  topUsers: [{ user_id: 9, events: 7, view: 5, click: 1, purchase: 1 }],
  newestEventMs: AS_OF_MS - 1_000,
  eventToKafkaMs: -3,
  kafkaToTableMs: 12.4,
  settledMs: null,
  isHealthy: true,
  standing: 0,
  waitingFor: null,
  waitingSinceMs: null,
  read: 19,
  stored: 14,
  duplicates: 3,
  rejected: 1,
  retractions: 0,
  retracted: 0,
  removed: 0,
  absent: 1,
  lost: 0,
};

test("summaryOf() says what counting waits for, and since when", () => {
  expect(summaryOf(row, true, 1).pause).toBeNull();
  const waiting = { ...row, waitingFor: "Kafka", waitingSinceMs: AS_OF_MS - 60_000 };
  const pause = { waiting_for: "Kafka", since: "2026-02-03T00:19:07.250Z" };
  expect(summaryOf(waiting, true, 1).pause).toEqual(pause);
});

const stateOf = (change: Partial<Row>) => summaryOf({ ...row, ...change }, false, 1).ledger.state;

test("summaryOf() is what the contract says, times in UTC and durations never negative", () => {
  const summary = summaryOf(row, true, 4.56);
  expect(summarySchema.parse(summary)).toEqual(summary);
  expect(summary).toMatchObject({
    as_of: "2026-02-03T00:20:07.250Z",
    events: 14,
    events_today: 5,
    conversion_rate: 0.25,
    top_users: [{ user_id: 9, events: 7 }],
    freshness: {
      newest_event_at: "2026-02-03T00:20:06.250Z",
      event_to_kafka_ms: 0,
      kafka_to_table_ms: 12,
      summary_ms: 4.6,
      settled_at: null,
    },
    ledger: { state: "exact", read: 19, stored: 14, counted: 14 },
  });
  expect(summary.timeline.at(-1)).toEqual({
    minute: "2026-02-03T00:20:00.000Z",
    view: 59,
    click: 0,
    purchase: 0,
  });
});

test("summaryOf() has no rate without views, and names no users unless that is allowed", () => {
  const nothing = { view: 0, click: 0, purchase: 0, newestEventMs: null, eventToKafkaMs: null };
  const summary = summaryOf({ ...row, ...nothing }, false, 1);
  expect(summarySchema.parse(summary)).toMatchObject({ conversion_rate: null, top_users: null });
  expect(summary.freshness).toMatchObject({ newest_event_at: null, event_to_kafka_ms: null });
});

test("summaryOf() says that the ledger differs until an event that is taken back is removed", () => {
  const retracted = { read: 22, retractions: 3, retracted: 2 };
  expect(stateOf(retracted)).toBe("differs");
  expect(stateOf({ ...retracted, removed: 2 })).toBe("differs");
  expect(stateOf({ ...retracted, removed: 2, view: row.view - 2 })).toBe("exact");
  expect(stateOf({ ...retracted, removed: 1, view: row.view - 1 })).toBe("differs");
});

test("summaryOf() says that the ledger differs when any of its equations does not hold", () => {
  expect(stateOf({})).toBe("exact");
  expect(stateOf({ view: 9 })).toBe("differs");
  expect(stateOf({ stored: 13, rejected: 2 })).toBe("differs");
  expect(stateOf({ read: 20 })).toBe("differs");
  expect(stateOf({ read: 20, lost: 1 })).toBe("differs");
  expect(stateOf({ isHealthy: false })).toBe("differs");
  expect(stateOf({ standing: 1 })).toBe("differs");
});
