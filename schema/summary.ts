/**
 * The public summary: the origin computes it from the tables, the Worker publishes it, the page
 * draws it. One contract for all three, so that readers never see a summary that breaks it. `bun
 * run schema` writes `summary.v1.schema.json` from it, and a test fails when they differ.
 */
// Not `{ z }`, which would include zod's 50 languages in the Worker: 880 KB instead of 280.
import * as z from "zod";
import { type EventType, totalOf } from "./event-types.ts";
import { TIMELINE_MINUTES, TOP_USERS_MAX } from "./limits.ts";

const count = z.int().min(0);
const durationMs = z.number().min(0);
const time = z.iso.datetime();

const typeCounts = z.object({
  view: count,
  click: count,
  purchase: count,
} satisfies Record<EventType, unknown>);

/** An origin that knows no retractions does not send it. */
const sinceRetractions = count.default(0);

const ledger = z.object({
  state: z
    .enum(["exact", "differs"])
    .describe(
      "Whether every equation below holds, the last checks of dbt passed, and counting stands nowhere",
    ),
  read: count.describe(
    "Records read from Kafka = stored + duplicates + rejected + retractions + absent",
  ),
  stored: count.describe("Events counted in the tables = counted + removed"),
  duplicates: count.describe("Records that repeated an event, dropped"),
  rejected: count.describe("Records that are no event, kept aside with their reason"),
  retractions: sinceRetractions.describe("Records that take an event back"),
  retracted: sinceRetractions.describe("Events that were taken back = removed, once they are"),
  removed: sinceRetractions.describe("Events taken back that the tables no longer hold"),
  absent: count.describe("Offsets of the log that hold nothing for readers"),
  lost: count.describe("Records that the log lost before they were read; 0 when all is well"),
  counted: count.describe("Events in the totals by user, summed for this summary"),
  standing: count
    .default(0)
    .describe(
      "Partitions where counting stands at a batch that cannot be read; 0 when all is well",
    ),
});

/** Origins of earlier releases do not say it. */
const pause = z
  .object({
    waiting_for: z.string().max(200).describe("Such as Kafka, or a consumer"),
    since: time,
  })
  .nullable()
  .default(null)
  .describe("Why nothing is counted now; null while events are counted");

export const summarySchema = z
  .object({
    version: z.literal(1),
    as_of: time.describe("When the numbers were read, all in one snapshot"),
    events: count.describe("Events counted since the beginning"),
    events_today: count.describe("Events that happened since midnight UTC"),
    users: count.describe("Users with at least one event"),
    events_by_type: typeCounts,
    conversion_rate: z.number().min(0).nullable().describe("Purchases for each view"),
    timeline: z
      .array(typeCounts.extend({ minute: time.describe("Its beginning") }))
      .length(TIMELINE_MINUTES)
      .describe("The last hour minute by minute, oldest first, by the time of the events"),
    top_users: z
      .array(typeCounts.extend({ user_id: z.int().min(1), events: count }))
      .max(TOP_USERS_MAX)
      .nullable()
      .describe("The most active users; null where the platform does not publish them"),
    freshness: z.object({
      newest_event_at: time
        .nullable()
        .describe(
          "When the newest event that is counted happened, at the latest when it was appended to the log",
        ),
      event_to_kafka_ms: durationMs.nullable().describe("Newest batch: from the event to the log"),
      kafka_to_table_ms: durationMs.nullable().describe("Newest batch: from the log to the tables"),
      summary_ms: durationMs.describe("How long reading these numbers took"),
      settled_at: time
        .nullable()
        .describe("The moment up to which dbt has settled; later rows are read live"),
    }),
    ledger,
    pause,
  })
  .refine(
    ({ events, events_by_type }) => events === totalOf(events_by_type),
    "the counts by type do not add up to events",
  )
  .describe("The public summary of the real-time data platform, version 1");

/** The answer of the origin to `GET /summary`. */
export type Summary = z.infer<typeof summarySchema>;

/** The answer of the Worker to `GET /api/summary`: the summary and the age of this copy. */
export interface PublishedSummary extends Summary {
  /** Seconds from the reading of the numbers to this answer. */
  age_s: number;
  /** The copy is older than it should be, because the platform did not answer. */
  stale: boolean;
}

/** The header in which the origin states the age of its numbers, in milliseconds. */
export const AGE_HEADER = "summary-age-ms";
