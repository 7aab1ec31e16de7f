/**
 * What an event is, and how one is taken back: the one contract that producers, the consumer and
 * readers of the topic share. `bun run schema` writes `event.v1.schema.json` and
 * `retraction.v1.schema.json` from it, and a test fails when they differ.
 */
import { z } from "zod";
import { EVENT_TYPES } from "./event-types.ts";

/**
 * One user event, the JSON value of a record in the topic `user_events`. Other fields are allowed
 * and not stored.
 */
export const eventSchema = z
  .object({
    event_id: z.guid().describe("Identifies the event: the same id again is the same event"),
    user_id: z.int().min(1).describe("The user; also the record's key, as decimal text"),
    event_type: z.enum(EVENT_TYPES).describe("What the user did"),
    created_at: z.iso
      .datetime()
      .describe(
        "When it happened: ISO 8601 in UTC, ending in Z; from 1970 to a day ahead of the log",
      ),
  })
  .describe("A user event of the real-time data platform, version 1");
export type Event = z.infer<typeof eventSchema>;
export type EventField = keyof Event;
export const EVENT_FIELDS = Object.keys(eventSchema.shape) as EventField[];

/**
 * Takes an event back: the JSON value of a record with the event's key. It has no `event_id`, so that
 * a reader of events does not take it for one. Other fields are allowed and not stored.
 */
export const retractionSchema = z
  .object({
    retract: z.guid().describe("The event_id of the event that no longer counts"),
    user_id: eventSchema.shape.user_id.describe(
      "The user of that event; also the record's key, as decimal text",
    ),
  })
  .describe("Takes a user event of the real-time data platform back, version 1");
export type Retraction = z.infer<typeof retractionSchema>;

/**
 * The largest value of a record that can be an event, in bytes. A longer value is rejected unread.
 */
export const EVENT_BYTES_MAX = 65_536;
