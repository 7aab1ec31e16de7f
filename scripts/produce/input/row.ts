/**
 * Converts the fields of a row, under the file's names, to an event, or to a fault with its reason.
 * The values are mapped and converted here; the schema of events judges the result. Pure but for
 * hashing.
 */
import { EVENT_FIELDS, type Event, type EventField } from "../../../schema/event.ts";
import { EVENT_TYPES, type EventType } from "../../../schema/event-types.ts";
import { judgeEvent, type RejectReason, type RowRejectReason } from "../../../schema/rejects.ts";
import type { RowIds } from "./row-id.ts";
import { formatTimestamp, parseTimestamp } from "./timestamp.ts";

export class RowFault {
  constructor(
    readonly reason: RowRejectReason,
    readonly detail: string,
  ) {}
}

/** An event with the moment it happened, as a number. */
export interface DatedEvent {
  event: Event;
  createdAtMs: number;
}

export interface RowRules {
  /** What the file calls each field. */
  columns: Record<EventField, string>;
  /** Our type by the file's name for it. */
  types: ReadonlyMap<string, EventType>;
  /** Added to each user id. */
  userOffset: number;
  /** Whether an event counts that happened then, in milliseconds since the epoch. */
  momentCounts(createdAtMs: number): boolean;
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
  momentCounts: () => true,
};

/** What a row holds for each field of an event; undefined, null and "" are all nothing. */
export type RowValues = Record<EventField, unknown>;

/** The form of `created_at` in events; the schema judges whether there is such a moment. */
const EVENT_TIME = /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** A row of a file, as the reader of its format gives it. */
export interface Row {
  /** Under the file's names for the fields. */
  values: RowValues;
  /** Under our own names, which are the file's when nothing is mapped. */
  plainValues(): RowValues;
  /** All that the row holds: equal rows have equal contents. */
  content(): string;
}

/** Stands for the id of a row without one until the row is known to be an event. */
const NO_ID = "00000000-0000-8000-8000-000000000000";

/** A row without an id gets one of `ids`, which must see the rows in their order. */
export function eventOfRow(row: Row, rules: RowRules, ids: RowIds): DatedEvent | RowFault {
  const { values } = row;
  const hasId = !isNothing(values.event_id);
  const moment = momentOf(values.created_at);
  const event = judgeEvent({
    event_id: hasId ? textOf(values.event_id).toLowerCase() : NO_ID,
    user_id: userIdOf(values.user_id, rules.userOffset),
    event_type: rules.types.get(textOf(values.event_type)),
    created_at: moment?.text,
  } satisfies Record<EventField, unknown>);
  if (typeof event === "string") return faultOf(event, values, rules);
  if (!rules.momentCounts(moment!.ms)) {
    return faultOf("implausible_created_at", values, rules);
  }
  if (!hasId) event.event_id = ids.next(row.content(), event, isPlain(event, row));
  return { event, createdAtMs: moment!.ms };
}

/** Whether the row reads the same without any mapping. */
function isPlain(event: Event, { values, plainValues }: Row): boolean {
  const plain = plainValues();
  return (
    event.user_id === userIdOf(plain.user_id, DEFAULT_RULES.userOffset) &&
    event.event_type === DEFAULT_RULES.types.get(textOf(plain.event_type)) &&
    (plain.created_at === values.created_at ||
      event.created_at === momentOf(plain.created_at)?.text)
  );
}

function momentOf(value: unknown): { ms: number; text: string } | undefined {
  if (typeof value === "string" && EVENT_TIME.test(value)) {
    return { ms: Date.parse(value), text: value };
  }
  const ms = parseTimestamp(value);
  return ms === undefined ? undefined : { ms, text: formatTimestamp(ms) };
}

const isNothing = (value: unknown) => value === undefined || value === null || value === "";

/** JSON lists and objects have no text: as one, ["view"] would pass for a view. */
const textOf = (value: unknown) =>
  typeof value === "string" || typeof value === "number" ? String(value) : "";

const WHOLE_NUMBER = /^\d{1,16}$/;

/** The user id with the offset added; a value that is not a whole number stays as it is. */
function userIdOf(value: unknown, offset: number): unknown {
  const isNumber = typeof value === "number" || WHOLE_NUMBER.test(textOf(value));
  const userId = isNumber ? Number(value) : Number.NaN;
  return Number.isSafeInteger(userId) ? userId + offset : value;
}

/** What is wrong with the row, in the words of the file. */
function faultOf(reason: RejectReason, values: RowValues, rules: RowRules): RowFault {
  const isImplausible = reason === "implausible_created_at";
  const field = isImplausible
    ? "created_at"
    : (EVENT_FIELDS.find((name) => reason === `bad_${name}`) as EventField);
  const column = rules.columns[field];
  if (isNothing(values[field])) return new RowFault(reason, `${column} is missing`);
  const shown = JSON.stringify(values[field]);
  const short = shown.length > 60 ? `${shown.slice(0, 57)}...` : shown;
  const complaint = isImplausible
    ? "before 1970, or more than 24 hours ahead of this machine's clock"
    : complaintOf(field, values, rules);
  return new RowFault(reason, `${column} ${short} is ${complaint}`);
}

function complaintOf(field: EventField, values: RowValues, rules: RowRules): string {
  const userId = userIdOf(values.user_id, rules.userOffset);
  const complaints: Record<EventField, string> = {
    event_id: "not a UUID",
    user_id:
      Number.isSafeInteger(userId) && (userId as number) < 1
        ? `below 1; --user-offset ${1 - (userId as number)} adds ${1 - (userId as number)} to each user id`
        : "not a whole number from 1 to 2^53 - 1",
    event_type: `none of ${[...rules.types.keys()].join(", ")} (see --types)`,
    created_at: "not a moment in a known form",
  };
  return complaints[field];
}
