/**
 * Why a record of the topic, or a row of a file, is not an event: the one list of reasons. The
 * consumer stores them with dead letters, so the table's check allows exactly these names. A test
 * compares the two, and a name never changes. Pure.
 */
import {
  EVENT_BYTES_MAX,
  EVENT_FIELDS,
  type Event,
  type EventField,
  eventSchema,
} from "./event.ts";
import { isSurelyEvent } from "./quick-check.ts";

/** Reasons that `dead_letters.reason` allows, each with its meaning. */
const RECORD_REJECTS = {
  unreadable: "its record batch cannot be read, and a person has passed over it",
  empty: "it has no value",
  too_large: `it is longer than ${EVENT_BYTES_MAX} bytes, or its record batch unpacks to more than 64 MiB`,
  bad_encoding: "it is not valid UTF-8",
  bad_json: "it is not JSON",
  not_an_object: "it is JSON, but not an object",
  bad_event_id: "its event_id is missing or is not a UUID",
  bad_user_id: "its user_id is missing or is not a whole number from 1 to 2^53 - 1",
  bad_event_type: "its event_type is missing or is not a known type",
  bad_created_at: "its created_at is missing or is not a moment in UTC",
  implausible_created_at: "its created_at is before 1970 or more than 24 hours ahead of the log",
} as const;

/** Reasons that only a row of a CSV file can have; `produce` counts them and sends nothing. */
const CSV_REJECTS = {
  bad_quotes: "its quotes are misplaced or never closed",
  wrong_column_count: "it has more or fewer columns than the header",
} as const;

/** Every reason with its meaning, in the order in which they are checked. */
export const REJECTS = { ...RECORD_REJECTS, ...CSV_REJECTS } as const;

/** Why a record is not an event. */
export type RejectReason = keyof typeof RECORD_REJECTS;
/** Why a row of a file is not an event. */
export type RowRejectReason = keyof typeof REJECTS;

export const REJECT_REASONS = Object.keys(RECORD_REJECTS) as RejectReason[];

/**
 * Checks a JSON object against the contract of events. Returns the event, or the reason for the
 * first field that is wrong, in the order of the schema.
 */
export function judgeEvent(value: object): Event | RejectReason {
  if (isSurelyEvent(value)) return value as Event;
  const { data, error } = eventSchema.safeParse(value);
  if (data) return data;
  const faulty = new Set(error.issues.map(({ path }) => path[0]));
  const field = EVENT_FIELDS.find((name) => faulty.has(name)) as EventField;
  return `bad_${field}`;
}
