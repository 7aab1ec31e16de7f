/**
 * From the fields of a row, as a file calls them, to an event, or the reason why it is none. Pure but
 * for hashing. The readers of CSV and NDJSON call it with the values they found.
 */
import type { Event } from "../../../schema/event.ts";
import { EVENT_TYPES, type EventType } from "../../../schema/event-types.ts";
import { rowId } from "./row-id.ts";
import { parseTimestamp } from "./timestamp.ts";

/** Why a row is no event; the names under which rejects are counted. */
export type RowFaultReason =
  | "line_too_long"
  | "bad_encoding"
  | "bad_json"
  | "not_an_object"
  | "bad_quotes"
  | "wrong_column_count"
  | "missing_field"
  | "bad_event_id"
  | "bad_user_id"
  | "unknown_event_type"
  | "bad_created_at";

export class RowFault {
  constructor(
    readonly reason: RowFaultReason,
    readonly detail: string,
  ) {}
}

/** An event with the moment it happened, as a number. */
export interface DatedEvent {
  event: Event;
  createdAtMs: number;
}

export const EVENT_FIELDS = ["event_id", "user_id", "event_type", "created_at"] as const;
export type EventField = (typeof EVENT_FIELDS)[number];

export interface RowRules {
  /** What the file calls each field. */
  columns: Record<EventField, string>;
  /** Our type by the file's name for it. */
  types: ReadonlyMap<string, EventType>;
  /** Added to each user id. */
  userOffset: number;
}

export const DEFAULT_RULES: RowRules = {
  columns: {
    event_id: "event_id",
    user_id: "user_id",
    event_type: "event_type",
    created_at: "created_at",
  },
  types: new Map(EVENT_TYPES.map((type) => [type, type])),
  userOffset: 0,
};

/** What a row holds for each field of an event; undefined, null and "" are all nothing. */
export type RowValues = Record<EventField, unknown>;

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const WHOLE_NUMBER = /^\d{1,16}$/;

/** `content` is what identifies the row; it makes the id of a row that has none. */
export function eventOfRow(
  values: RowValues,
  content: string,
  rules: RowRules,
): DatedEvent | RowFault {
  for (const field of EVENT_FIELDS) {
    if (field !== "event_id" && isNothing(values[field])) {
      return new RowFault("missing_field", `${rules.columns[field]} is missing`);
    }
  }
  const type = rules.types.get(textOf(values.event_type));
  if (!type) {
    const known = [...rules.types.keys()].join(", ");
    return fault(
      rules,
      "event_type",
      "unknown_event_type",
      values,
      `none of ${known} (see --types)`,
    );
  }
  const userId = userIdOf(values.user_id, rules.userOffset);
  if (userId === undefined) {
    return fault(rules, "user_id", "bad_user_id", values, "not a whole number from 1 to 2^53 - 1");
  }
  if (userId < 1) {
    const reason = `below 1; --user-offset ${1 - userId} adds ${1 - userId} to each user id`;
    return fault(rules, "user_id", "bad_user_id", values, reason);
  }
  const createdAtMs = parseTimestamp(values.created_at);
  if (createdAtMs === undefined) {
    return fault(rules, "created_at", "bad_created_at", values, "not a moment in a known form");
  }
  const hasId = !isNothing(values.event_id);
  if (hasId && !UUID.test(textOf(values.event_id))) {
    return fault(rules, "event_id", "bad_event_id", values, "not a UUID");
  }
  return {
    createdAtMs,
    event: {
      event_id: hasId ? textOf(values.event_id).toLowerCase() : rowId(content),
      user_id: userId,
      event_type: type,
      created_at: new Date(createdAtMs).toISOString(),
    },
  };
}

const isNothing = (value: unknown) => value === undefined || value === null || value === "";

/** JSON lists and objects have no text: as one, ["view"] would pass for a view. */
const textOf = (value: unknown) =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

/** The user id with the offset added, or undefined when it is no whole number. */
function userIdOf(value: unknown, offset: number): number | undefined {
  const isNumber = typeof value === "number" || WHOLE_NUMBER.test(textOf(value));
  const userId = isNumber ? Number(value) : Number.NaN;
  if (!Number.isSafeInteger(userId) || !Number.isSafeInteger(userId + offset)) return undefined;
  return userId + offset;
}

function fault(
  rules: RowRules,
  field: EventField,
  reason: RowFaultReason,
  values: RowValues,
  complaint: string,
): RowFault {
  const shown = JSON.stringify(values[field]);
  const short = shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
  return new RowFault(reason, `${rules.columns[field]} ${short} is ${complaint}`);
}
